using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>INT3 was executed. The guest gets its breakpoint if the event is answered with Continue.</summary>
public sealed class SoftwareBreakpointEvent : VmEvent
{
    internal SoftwareBreakpointEvent(VmEventSource source, RequestReader request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <summary>The guest frame number of the instruction.</summary>
    public ulong Gfn => Request.UInt64(VmEventField.BreakpointGfn);

    /// <summary>The length of the instruction in bytes.</summary>
    public uint InstructionLength => Request.UInt32(VmEventField.BreakpointInstructionLength);

    /// <summary>The event type, as Intel numbers interruption types.</summary>
    public byte TrapType => (byte)Request.UInt32(VmEventField.BreakpointType);

    /// <inheritdoc/>
    public override string Details => $"gfn 0x{Gfn:x}";
}
