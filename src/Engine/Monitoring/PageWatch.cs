using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>Which accesses to which pages a subscription wants to see.</summary>
public sealed record PageWatch
{
    private readonly GfnRange[] _ranges = [];

    /// <summary>
    /// The accesses. None: no page is restricted for it, and it shows all accesses that violate permissions set by hand
    /// or by other watches.
    /// </summary>
    public required PageAccess Access { get; init; }

    /// <summary>The pages; none means all that the domain has or gets later.</summary>
    public IReadOnlyList<GfnRange> Ranges
    {
        get => _ranges;
        init => _ranges = [.. value];
    }

    /// <summary>Instead of <see cref="Ranges"/>: parts of the guest's kernel; null: none. Only for rules.</summary>
    public KernelParts? Kernel { get; init; }

    /// <summary>
    /// Keeps a page watched after its first access: Xen emulates the instruction, and the restriction stays. For an
    /// instruction that Xen cannot emulate, and for every one on arm64, the restriction is lifted for a millisecond.
    /// </summary>
    public bool Repeat { get; init; }

    /// <summary>
    /// The view in which the pages are restricted: 0, the host's own, whose permissions also hold in other views for
    /// pages without their own; or a view that the session made. There, with <see cref="Repeat"/>, the vCPU does the
    /// access in view 0 and comes back if the processor can single-step; otherwise Xen emulates it.
    /// </summary>
    public ushort View { get; init; }

    /// <summary>
    /// Accesses by the processor's page table walks raise no events and are emulated. This applies to all watches of
    /// the domain.
    /// </summary>
    public bool IgnorePageWalks { get; init; }

    /// <summary>The pages are restricted so that the guest does not see the breakpoints in them.</summary>
    internal bool HidesBreakpoints { get; init; }

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
