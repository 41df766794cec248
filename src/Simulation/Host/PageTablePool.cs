namespace XenVmEvent.Simulation;

/// <summary>
/// Xen's memory for a domain's page tables. Setting the access of pages, whatever it was before, takes a table for each
/// large page of which it splits the first.
/// </summary>
/// <param name="tables">How many there is memory for; null: as many as it takes.</param>
internal sealed class PageTablePool(int? tables)
{
    private const uint PagesPerTable = 512;

    private readonly HashSet<ulong> _split = [];

    /// <summary>Splits the large pages that a run of pages lies in.</summary>
    /// <returns>For how many pages of the run there was memory.</returns>
    public uint Split(ulong firstGfn, uint count)
    {
        if (tables is null) return count;
        uint done = 0;
        while (done < count)
        {
            ulong gfn = firstGfn + done;
            if (!_split.Contains(gfn / PagesPerTable))
            {
                if (_split.Count >= tables) return done;
                _split.Add(gfn / PagesPerTable);
            }

            done += Math.Min(count - done, (uint)(PagesPerTable - (gfn % PagesPerTable)));
        }

        return done;
    }
}
