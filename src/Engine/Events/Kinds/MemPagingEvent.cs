using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>
/// A paged-out page was touched, or dropped. Xen raises these events for a pager, on a channel of its own; here they are
/// recognised, and answered so that the page comes in.
/// </summary>
public sealed class MemPagingEvent : VmEvent
{
    internal MemPagingEvent(VmEventSource source, RequestView request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <summary>The guest frame number of the page.</summary>
    public ulong Gfn => Request.UInt64(VmEventField.MemPagingGfn);

    /// <summary>The page's type, as Xen's <c>p2m_type_t</c> numbers it; another numbering in each release.</summary>
    public uint PageType => Request.UInt32(VmEventField.MemPagingType);

    /// <summary>What is done to the page.</summary>
    public MemPagingFlags Flags => (MemPagingFlags)Request.UInt32(VmEventField.MemPagingFlags);

    /// <inheritdoc/>
    public override string Details => $"gfn 0x{Gfn:x} {Flags}";
}
