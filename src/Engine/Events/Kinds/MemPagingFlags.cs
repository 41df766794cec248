namespace XenVmEvent.Events;

/// <summary>What is done to a paged-out page: Xen's <c>MEM_PAGING_*</c>, with Xen's numbers.</summary>
[Flags]
public enum MemPagingFlags : uint
{
    /// <summary>It is to be brought in.</summary>
    None = 0,

    /// <summary>Nobody needs it any more.</summary>
    DropPage = 1 << 0,

    /// <summary>It could not be evicted.</summary>
    EvictFail = 1 << 1,
}
