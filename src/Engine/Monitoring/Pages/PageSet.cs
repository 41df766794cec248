namespace XenVmEvent.Monitoring;

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
