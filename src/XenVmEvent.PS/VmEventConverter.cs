using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.Recording;

namespace XenVmEvent.PS;

/// <summary>
/// Makes events from the copies that come from Import-Clixml, a job or a remote session. Each copy carries its line of
/// a recording.
/// </summary>
public sealed class VmEventConverter : PSTypeConverter
{
    /// <inheritdoc/>
    public override bool CanConvertFrom(object sourceValue, Type destinationType) =>
        destinationType == typeof(VmEvent) && LineOf(sourceValue) is not null;

    /// <inheritdoc/>
    /// <exception cref="PSInvalidCastException">Its line is not an event's.</exception>
    public override object ConvertFrom(object sourceValue, Type destinationType, IFormatProvider formatProvider, bool ignoreCase)
    {
        try
        {
            return EventLine.Parse(LineOf(sourceValue) ?? throw new FormatException("it has no line of a recording"));
        }
        catch (FormatException e)
        {
            throw new PSInvalidCastException($"This is not a copy of an event: {e.Message}.", e);
        }
    }

    /// <inheritdoc/>
    public override bool CanConvertTo(object sourceValue, Type destinationType) => false;

    /// <inheritdoc/>
    public override object ConvertTo(object sourceValue, Type destinationType, IFormatProvider formatProvider, bool ignoreCase) =>
        throw new PSInvalidCastException("An event cannot be converted to another type.");

    private static string? LineOf(object? source) =>
        source is PSObject { BaseObject: not VmEvent } copy ? copy.Properties[VmEventMembers.RecordedName]?.Value as string : null;
}
