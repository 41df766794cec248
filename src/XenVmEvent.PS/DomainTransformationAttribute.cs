using System.Collections;
using System.Globalization;
using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>Takes for a domain whatever names one: ids, names, uuids, domains, sessions, events, and lists of these.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DomainTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return value is IEnumerable list and not string
            ? list.Cast<object>().Select(Select).ToArray()
            : new[] { Select(value) };
    }

    private static DomainSelector Select(object value) => (value is PSObject wrapped ? wrapped.BaseObject : value) switch
    {
        DomainSelector selector => selector,
        XenDomain domain => new DomainSelector(domain),
        MonitorSession session => new DomainSelector(session.Domain),
        MonitorStatus status => new DomainSelector(status.XenDomain),
        VmEvent vmEvent => new DomainSelector(vmEvent.DomainId.ToString(CultureInfo.InvariantCulture)),
        IConvertible or Guid => new DomainSelector(Convert.ToString(value, CultureInfo.InvariantCulture)!),
        _ => throw new ArgumentTransformationMetadataException($"'{value}' does not name a domain: give an id, a name, a uuid or what Get-XenDomain returns."),
    };
}
