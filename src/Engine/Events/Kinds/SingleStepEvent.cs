using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>One instruction was executed with single stepping on.</summary>
public sealed class SingleStepEvent : VmEvent
{
    internal SingleStepEvent(VmEventSource source, RequestReader request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <summary>The guest frame number of the next instruction.</summary>
    public ulong Gfn => Request.UInt64(VmEventField.SingleStepGfn);

    /// <inheritdoc/>
    public override string Details => $"gfn 0x{Gfn:x}";
}
