using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>A page watch at work: its pages, those of them that were seen and let go, and those that were left out.</summary>
internal sealed class WatchedPages(PageWatch watch, EventFilter filter, GfnRange[] ranges, PageSurvey survey)
{
    public PageWatch Watch { get; } = watch;

    public GfnRange[] Ranges { get; } = ranges;

    /// <summary>Pages whose first access was seen.</summary>
    public PageSet Seen { get; } = new();

    /// <summary>Its pages are being given back.</summary>
    public bool IsLeaving { get; set; }

    /// <summary>Whether a page that it restricts stays so after an access: the watch is for all, or was not shown this one.</summary>
    public bool Keeps(RequestView request, ulong gfn, PageAccess access) =>
        (Watch.Repeat || !filter.Selects(request)) && Restricts(gfn) && Watch.Covers(gfn, access);

    public bool Restricts(ulong gfn) => !IsLeaving && Watch.Covers(gfn) && !Seen.Contains(gfn) && !IsLeftOut(gfn);

    /// <summary>Of the whole guest, pages without memory are restricted as soon as Xen gives them some.</summary>
    private bool IsLeftOut(ulong gfn) => Watch.Ranges.Count == 0 ? survey.IsOfDevice(gfn) : survey.LeavesOut(gfn);
}
