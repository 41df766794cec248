using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>Which accesses to which pages a subscription wants to see.</summary>
public sealed record PageWatch
{
    private readonly GfnRange[] _ranges = [];

    /// <summary>
    /// The accesses. None: all, and no page is restricted for it; what is seen are accesses against permissions set by hand, and
    /// those that other watches cause.
    /// </summary>
    public required PageAccess Access { get; init; }

    /// <summary>The pages; none means all that the domain has and will have.</summary>
    public IReadOnlyList<GfnRange> Ranges
    {
        get => _ranges;
        init => _ranges = [.. value];
    }

    /// <summary>
    /// Keep a page watched after its first access: Xen emulates the instruction instead of lifting the restriction. For
    /// an instruction that Xen cannot emulate, and on arm64 for each, the restriction is lifted for a millisecond.
    /// </summary>
    public bool Repeat { get; init; }

    /// <summary>
    /// The view of the memory that the pages are restricted in: 0, the host's own, whose permissions hold in other views too
    /// where a page has none of its own; or one that the session made. There, with <see cref="Repeat"/>, the vCPU does the
    /// access in view 0 and comes back, where the processor can single step; else Xen emulates it.
    /// </summary>
    public ushort View { get; init; }

    /// <summary>Accesses of the processor that walks page tables raise no events, but are emulated; so for all watches of the domain.</summary>
    public bool IgnorePageWalks { get; init; }

    internal bool Covers(ulong gfn)
    {
        if (_ranges.Length == 0) return true;
        foreach (GfnRange range in _ranges)
        {
            if (range.Contains(gfn)) return true;
        }

        return false;
    }

    internal bool Covers(ulong gfn, PageAccess access) => (Access == PageAccess.None || (Access & access) != 0) && Covers(gfn);
}
