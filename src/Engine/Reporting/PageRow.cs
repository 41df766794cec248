namespace XenVmEvent.Reporting;

/// <summary>A line of the heat map: events about one page, or about neighbouring ones, by time.</summary>
/// <param name="domain">The domain's name; null: domains that are not kept apart.</param>
/// <param name="gfn">The page.</param>
internal sealed class PageRow(string? domain, ulong gfn)
{
    public string? Domain => domain;

    public ulong First { get; } = gfn;

    public ulong Last { get; private set; } = gfn;

    public long Events { get; private set; }

    public long[] Bins { get; } = new long[Timeline.Most];

    public void Add(int slot)
    {
        Events++;
        Bins[slot]++;
    }

    /// <summary>Takes over the row after this.</summary>
    public void Absorb(PageRow next)
    {
        Last = next.Last;
        Events += next.Events;
        for (int i = 0; i < Bins.Length; i++) Bins[i] += next.Bins[i];
    }
}
