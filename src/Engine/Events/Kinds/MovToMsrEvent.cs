using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>
/// A model-specific register is written. If somebody may deny it, and on Xen before 4.14, the write waits for the
/// answer.
/// </summary>
public sealed class MovToMsrEvent : VmEvent
{
    internal MovToMsrEvent(VmEventSource source, RequestReader request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <summary>The number of the register.</summary>
    public uint Msr => Request.UInt32(VmEventField.Msr);

    /// <summary>Its name, such as IA32_LSTAR; null if <see cref="MsrNames"/> has none.</summary>
    public string? MsrName => MsrNames.Find(Msr);

    /// <summary>Its old value (interface version 3 and later).</summary>
    public ulong OldValue => Request.UInt64(VmEventField.MsrOldValue);

    /// <summary>The value that is written.</summary>
    public ulong NewValue => Request.UInt64(VmEventField.MsrNewValue);

    /// <inheritdoc/>
    public override string Details => $"{(MsrName is { } name ? MsrNames.Short(name) : $"0x{Msr:x}")} {OldValue:x} -> {NewValue:x}";
}
