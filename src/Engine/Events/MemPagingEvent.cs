using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>A paged-out page was touched.</summary>
public sealed class MemPagingEvent : VmEvent
{
    internal MemPagingEvent(VmEventSource source, RequestView request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <summary>The guest frame number of the page.</summary>
    public ulong Gfn => Request.UInt64(VmEventField.MemPagingGfn);

    /// <inheritdoc/>
    public override string Details => $"gfn 0x{Gfn:x}";
}
