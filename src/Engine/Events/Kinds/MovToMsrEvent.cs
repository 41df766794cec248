using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>A model specific register is written. When somebody may deny it, and on Xen before 4.14, the write waits for the answer.</summary>
public sealed class MovToMsrEvent : VmEvent
{
    internal MovToMsrEvent(VmEventSource source, RequestReader request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <summary>The number of the register.</summary>
    public uint Msr => Request.UInt32(VmEventField.Msr);

    /// <summary>Its name, as in IA32_LSTAR; null when it has none in <see cref="MsrNames"/>.</summary>
    public string? MsrName => MsrNames.Find(Msr);

    /// <summary>Its value (interface version 3 and later).</summary>
    public ulong OldValue => Request.UInt64(VmEventField.MsrOldValue);

    /// <summary>The value to be written.</summary>
    public ulong NewValue => Request.UInt64(VmEventField.MsrNewValue);

    /// <inheritdoc/>
    public override string Details => $"{(MsrName is { } name ? MsrNames.Short(name) : $"0x{Msr:x}")} {OldValue:x} -> {NewValue:x}";
}
