using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>A debug exception was raised. The guest gets it if the event is answered with Continue.</summary>
public sealed class DebugExceptionEvent : VmEvent
{
    internal DebugExceptionEvent(VmEventSource source, RequestReader request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <summary>The guest frame number of the instruction.</summary>
    public ulong Gfn => Request.UInt64(VmEventField.DebugGfn);

    /// <summary>The pending debug bits, as in DR6 (interface version 6 and later).</summary>
    public ulong PendingDebug => Request.UInt64(VmEventField.DebugPendingDebug);

    /// <summary>The length of the instruction in bytes; 0 for a trap.</summary>
    public uint InstructionLength => Request.UInt32(VmEventField.DebugInstructionLength);

    /// <summary>The event type, as Intel numbers interruption types.</summary>
    public byte TrapType => (byte)Request.UInt32(VmEventField.DebugType);

    /// <inheritdoc/>
    public override string Details => $"gfn 0x{Gfn:x} pending 0x{PendingDebug:x}";
}
