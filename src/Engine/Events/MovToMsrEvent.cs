using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>A model specific register is about to be written; the write is done when the event is answered, unless denied.</summary>
public sealed class MovToMsrEvent : VmEvent
{
    internal MovToMsrEvent(VmEventSource source, RequestView request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <summary>The number of the register.</summary>
    public uint Msr => Request.UInt32(VmEventField.Msr);

    /// <summary>Its value (interface version 3 and later).</summary>
    public ulong OldValue => Request.UInt64(VmEventField.MsrOldValue);

    /// <summary>The value to be written.</summary>
    public ulong NewValue => Request.UInt64(VmEventField.MsrNewValue);

    /// <inheritdoc/>
    public override string Details => $"MSR 0x{Msr:x} 0x{OldValue:x} -> 0x{NewValue:x}";
}
