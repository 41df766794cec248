using System.Collections;
using System.Globalization;
using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>
/// Accepts as a domain whatever names one: ids, names, uuids, domains, sessions, events, and lists of these.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DomainTransformationAttribute : ArgumentTransformationAttribute
{
    /// <summary>
    /// Whether an argument that names no domain is bound too, so that the error is the cmdlet's: a cmdlet that answers
    /// for all its arguments must know of it.
    /// </summary>
    public bool BindsAnything { get; set; }

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        if (BindsAnything) return SelectAll(inputData);
        object? value = ValueTransformationAttribute.Bare(inputData);
        if (value is IEnumerable list and not string) return list.Cast<object>().Select(v => Select(v) ?? throw NamesNone(v)).ToArray();
        if (value is null) throw NamesNone(value);

        // An object that names no domain itself may have a property that does: PowerShell looks for it when it gets the
        // object back.
        return Select(value) is { } selector ? new[] { selector } : inputData;
    }

    private static DomainSelector[] SelectAll(object? given) => ValueTransformationAttribute.Bare(given) switch
    {
        IEnumerable list and not string and not IDictionary => [.. list.Cast<object?>().Select(SelectOne)],
        _ => [SelectOne(given)],
    };

    private static DomainSelector SelectOne(object? given)
    {
        if (IsBlank(given)) return DomainSelector.OfNone(given);
        if (Select(given!) is { } selector) return selector;
        PSObject wrapped = PSObject.AsPSObject(given!);
        object? named = wrapped.Properties["Domain"]?.Value ?? wrapped.Properties["Name"]?.Value;
        return IsBlank(named) ? DomainSelector.OfNone(given) : Select(named!) ?? DomainSelector.OfNone(given);
    }

    private static bool IsBlank(object? given) =>
        ValueTransformationAttribute.Bare(given) is not { } value || value is DBNull || (value is string text && string.IsNullOrWhiteSpace(text));

    private static DomainSelector? Select(object value) => ValueTransformationAttribute.Bare(value) switch
    {
        DomainSelector selector => selector,
        XenDomain domain => new DomainSelector(domain),
        MonitorSession session => new DomainSelector(session.Domain),
        MonitorStatus status => new DomainSelector(status.XenDomain),
        VmEvent vmEvent => new DomainSelector(vmEvent.DomainId.ToString(CultureInfo.InvariantCulture)),
        IConvertible or Guid => new DomainSelector(Convert.ToString(value, CultureInfo.InvariantCulture)!),
        _ => null,
    };

    private static ArgumentTransformationMetadataException NamesNone(object? value) =>
        new($"'{value}' does not name a domain: give an id, a name, a uuid or what Get-XenDomain returns.");
}
