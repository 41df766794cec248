using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>The access of some pages, kept in little room where they lie close together.</summary>
internal sealed class PageAccessMap
{
    private const int ChunkPages = 512;
    private const byte Nothing = 0xff;

    private readonly Dictionary<ulong, byte[]> _chunks = [];

    /// <summary>The access of a page; null for one that is not in it.</summary>
    public MemAccess? this[ulong gfn]
    {
        get => _chunks.TryGetValue(gfn / ChunkPages, out byte[]? chunk) && chunk[gfn % ChunkPages] is var access and not Nothing
            ? (MemAccess)access
            : null;
        set
        {
            if (!_chunks.TryGetValue(gfn / ChunkPages, out byte[]? chunk))
            {
                if (value is null) return;
                _chunks[gfn / ChunkPages] = chunk = new byte[ChunkPages];
                Array.Fill(chunk, Nothing);
            }

            chunk[gfn % ChunkPages] = value is { } access ? (byte)access : Nothing;
        }
    }

    /// <summary>The pages that are in it, in ascending runs.</summary>
    public IEnumerable<GfnRange> Ranges()
    {
        ulong? first = null;
        ulong last = 0;
        foreach ((ulong index, byte[] chunk) in _chunks.OrderBy(c => c.Key))
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
                last = gfn;
            }
        }

        if (first is { } begin) yield return new GfnRange(begin, last);
    }

    /// <summary>Forgets all.</summary>
    public void Clear() => _chunks.Clear();
}
