namespace XenVmEvent.Simulation;

/// <summary>
/// Xen's memory for a domain's page tables. Setting the access of pages, whatever it was before, takes one table for
/// each large page that is split for the first time.
/// </summary>
/// <param name="tables">How many tables there is memory for; null: as many as needed.</param>
internal sealed class PageTablePool(int? tables)
{
    private const uint PagesPerTable = 512;

    private readonly HashSet<ulong> _split = [];

    /// <summary>Splits the large pages of a run of pages.</summary>
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
