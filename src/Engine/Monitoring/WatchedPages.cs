namespace XenVmEvent.Monitoring;

/// <summary>A page watch at work: its pages, and those of them that were seen and let go.</summary>
internal sealed class WatchedPages(PageWatch watch, GfnRange[] ranges)
{
    public PageWatch Watch { get; } = watch;

    public GfnRange[] Ranges { get; } = ranges;

    /// <summary>Pages whose first access was seen.</summary>
    public PageSet Seen { get; } = new();

    /// <summary>Its pages are being given back.</summary>
    public bool IsLeaving { get; set; }

    public bool Restricts(ulong gfn) => !IsLeaving && Watch.Covers(gfn) && !Seen.Contains(gfn);
}
