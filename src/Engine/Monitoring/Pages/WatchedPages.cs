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
    public bool Keeps(RequestReader request, ulong gfn, PageAccess access) =>
        (Watch.Repeat || !filter.Selects(request)) && Restricts(gfn) && Watch.Covers(gfn, access);

    public bool Restricts(ulong gfn) => !IsLeaving && Watch.Covers(gfn) && !Seen.Contains(gfn) && !IsLeftOut(gfn);

    /// <summary>Of the whole guest, pages without memory are restricted as soon as Xen gives them some.</summary>
    private bool IsLeftOut(ulong gfn) => Watch.Ranges.Count == 0 ? survey.IsOfDevice(gfn) : survey.LeavesOut(gfn);
}

/// <summary>A set of pages: a bit a page, in pieces that take room where one of their pages is in it.</summary>
internal sealed class PageSet
{
    private const int BitsPerWord = 64;
    private const int PagesPerPiece = 512;

    private readonly Dictionary<ulong, ulong[]> _pieces = [];

    /// <summary>Whether a page is in it.</summary>
    public bool Contains(ulong gfn) =>
        _pieces.TryGetValue(gfn / PagesPerPiece, out ulong[]? piece) && (piece[WordOf(gfn)] & BitOf(gfn)) != 0;

    /// <summary>Adds a page.</summary>
    /// <returns>False when it was in it already.</returns>
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
