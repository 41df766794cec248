using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// The access of a set of pages. It takes little room for pages close together, and less for pages with the same
/// access.
/// </summary>
internal sealed class PageAccessMap
{
    private const int ChunkPages = 512;
    private const byte Nothing = 0xff;

    private readonly Dictionary<ulong, Chunk> _chunks = [];

    /// <summary>The access of a page; null for one that is not in it.</summary>
    public MemAccess? this[ulong gfn]
    {
        get => _chunks.TryGetValue(gfn / ChunkPages, out Chunk chunk) && chunk[(int)(gfn % ChunkPages)] is var access and not Nothing
            ? (MemAccess)access
            : null;
        set
        {
            byte access = value is { } some ? (byte)some : Nothing;
            int page = (int)(gfn % ChunkPages);
            if (!_chunks.TryGetValue(gfn / ChunkPages, out Chunk chunk)) chunk = new Chunk(Nothing, null);
            if (chunk[page] == access) return;
            if (chunk.Pages is not { } pages)
            {
                pages = new byte[ChunkPages];
                Array.Fill(pages, chunk.All);
                _chunks[gfn / ChunkPages] = new Chunk(Nothing, pages);
            }

            pages[page] = access;
        }
    }

    /// <summary>Sets the access of pages.</summary>
    public void Set(GfnRange range, MemAccess access)
    {
        ulong gfn = range.First;
        while (true)
        {
            ulong end = gfn | (ChunkPages - 1);
            if (gfn % ChunkPages == 0 && end <= range.Last)
            {
                _chunks[gfn / ChunkPages] = new Chunk((byte)access, null);
                if (end == range.Last) return;
                gfn = end + 1;
                continue;
            }

            this[gfn] = access;
            if (gfn == range.Last) return;
            gfn++;
        }
    }

    /// <summary>The pages in it, in ascending runs.</summary>
    public IEnumerable<GfnRange> Ranges()
    {
        ulong? first = null;
        ulong last = 0;
        foreach ((ulong index, Chunk chunk) in _chunks.OrderBy(c => c.Key))
        {
            for (int i = 0; i < ChunkPages; i++)
            {
                if (chunk[i] == Nothing) continue;
                ulong gfn = index * ChunkPages + (ulong)i;
                if (first is { } start && gfn != last + 1)
                {
                    yield return new GfnRange(start, last);
                    first = gfn;
                }

                first ??= gfn;

                // A chunk without individual pages is one run.
                if (chunk.Pages is null) i = ChunkPages - 1;
                last = index * ChunkPages + (ulong)i;
            }
        }

        if (first is { } begin) yield return new GfnRange(begin, last);
    }

    /// <summary>Forgets all pages.</summary>
    public void Clear() => _chunks.Clear();

    /// <summary>The access of each page, or one access for all.</summary>
    private readonly record struct Chunk(byte All, byte[]? Pages)
    {
        public byte this[int page] => Pages is { } pages ? pages[page] : All;
    }
}
