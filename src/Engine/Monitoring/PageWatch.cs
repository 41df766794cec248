using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>Which accesses to which pages a subscription wants to see.</summary>
public sealed record PageWatch
{
    /// <summary>The accesses; at least one.</summary>
    public required PageAccess Access { get; init; }

    /// <summary>The pages; none means all that the domain has and will have.</summary>
    public IReadOnlyList<GfnRange> Ranges { get; init; } = [];

    /// <summary>
    /// Keep a page watched after its first access: Xen emulates the instruction instead of lifting the restriction. For
    /// an instruction that Xen cannot emulate, and on arm64 for each, the restriction is lifted for a millisecond.
    /// </summary>
    public bool Repeat { get; init; }

    internal bool Covers(ulong gfn)
    {
        if (Ranges.Count == 0) return true;
        foreach (GfnRange range in Ranges)
        {
            if (range.Contains(gfn)) return true;
        }

        return false;
    }

    internal bool Covers(ulong gfn, PageAccess access) => (Access & access) != 0 && Covers(gfn);
}
