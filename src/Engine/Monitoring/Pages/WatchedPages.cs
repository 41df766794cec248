using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>A page watch at work: its pages, those that were seen and released, and those that were skipped.</summary>
internal sealed class WatchedPages(PageWatch watch, EventFilter filter, GfnRange[] ranges, PageSurvey survey)
{
    public PageWatch Watch { get; } = watch;

    public GfnRange[] Ranges { get; } = ranges;

    /// <summary>Pages whose first access was seen.</summary>
    public PageSet Seen { get; } = new();

    /// <summary>Its pages are being restored.</summary>
    public bool IsLeaving { get; set; }

    /// <summary>
    /// Whether a page that it restricts stays restricted after an access: the watch repeats, or did not show this
    /// access.
    /// </summary>
    public bool Keeps(RequestReader request, ulong gfn, PageAccess access) =>
        (Watch.Repeat || !filter.Selects(request)) && Restricts(gfn) && Watch.Covers(gfn, access);

    public bool Restricts(ulong gfn) => !IsLeaving && Watch.Covers(gfn) && !Seen.Contains(gfn) && !IsLeftOut(gfn);

    /// <summary>
    /// In a watch on the whole guest, pages without memory are restricted as soon as Xen populates them.
    /// </summary>
    private bool IsLeftOut(ulong gfn) => Watch.Ranges.Count == 0 ? survey.IsOfDevice(gfn) : survey.LeavesOut(gfn);
}

/// <summary>
/// A set of pages: one bit per page, in chunks that take room only if one of their pages is in the set.
/// </summary>
internal sealed class PageSet
{
    private const int BitsPerWord = 64;
    private const int PagesPerPiece = 512;

    private readonly Dictionary<ulong, ulong[]> _pieces = [];

    /// <summary>Whether a page is in the set.</summary>
    public bool Contains(ulong gfn) =>
        _pieces.TryGetValue(gfn / PagesPerPiece, out ulong[]? piece) && (piece[WordOf(gfn)] & BitOf(gfn)) != 0;

    /// <summary>Adds a page.</summary>
    /// <returns>False if it was already in the set.</returns>
    public bool Add(ulong gfn)
    {
        if (!_pieces.TryGetValue(gfn / PagesPerPiece, out ulong[]? piece))
            _pieces[gfn / PagesPerPiece] = piece = new ulong[PagesPerPiece / BitsPerWord];
        ref ulong word = ref piece[WordOf(gfn)];
        if ((word & BitOf(gfn)) != 0) return false;
        word |= BitOf(gfn);
        return true;
    }

    private static int WordOf(ulong gfn) => (int)(gfn % PagesPerPiece / BitsPerWord);

    private static ulong BitOf(ulong gfn) => 1UL << (int)(gfn % BitsPerWord);
}
