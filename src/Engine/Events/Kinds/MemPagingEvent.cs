using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>
/// A paged-out page was touched or dropped. Xen raises these events for a pager, on a separate channel. If one comes
/// here, it is recognised, and answered so that the page comes in.
/// </summary>
public sealed class MemPagingEvent : VmEvent
{
    internal MemPagingEvent(VmEventSource source, RequestReader request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <summary>The guest frame number of the page.</summary>
    public ulong Gfn => Request.UInt64(VmEventField.MemPagingGfn);

    /// <summary>
    /// The page's type, as Xen's <c>p2m_type_t</c> numbers it. The numbering differs between releases.
    /// </summary>
    public uint PageType => Request.UInt32(VmEventField.MemPagingType);

    /// <summary>What happens to the page.</summary>
    public MemPagingFlags Flags => (MemPagingFlags)Request.UInt32(VmEventField.MemPagingFlags);

    /// <inheritdoc/>
    public override string Details => $"gfn 0x{Gfn:x} {Flags}";
}

/// <summary>What happens to a paged-out page: Xen's <c>MEM_PAGING_*</c>, with Xen's numbers.</summary>
[Flags]
public enum MemPagingFlags : uint
{
    /// <summary>The page must be brought in.</summary>
    None = 0,

    /// <summary>Nobody needs the page any more.</summary>
    DropPage = 1 << 0,

    /// <summary>The page could not be evicted.</summary>
    EvictFail = 1 << 1,
}
