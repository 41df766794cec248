namespace XenVmEvent.Reporting;

/// <summary>
/// Counts events by page and time in bounded memory. No event is dropped: if there are too many pages, the neighbours
/// with the fewest events become one row, so that busy pages keep their own.
/// </summary>
internal sealed class PageRows
{
    /// <summary>The maximum number of rows while counting: 8 MiB.</summary>
    public const int Most = 4096;

    /// <summary>The maximum number of domains kept apart: rows of different domains are never merged.</summary>
    public const int MostDomains = 64;

    private readonly List<PageRow> _rows = [];
    private readonly HashSet<string> _domains = [];

    /// <summary>The counts, for <see cref="Timeline.Widen"/>.</summary>
    public IEnumerable<long[]> Bins => _rows.Select(r => r.Bins);

    public void Add(string domain, ulong gfn, int slot)
    {
        bool isApart = _domains.Contains(domain) || (_domains.Count < MostDomains && _domains.Add(domain));
        PageRow row = FindOrInsert(isApart ? domain : null, isApart ? gfn : 0);
        row.Add(slot);
        if (_rows.Count > Most) Reduce(_rows, Most / 2);
    }

    /// <summary>The rows by domain and page, at most as many as asked for, unless there are more domains.</summary>
    public List<PageRow> InOrder(int most)
    {
        Reduce(_rows, most);
        return _rows;
    }

    private PageRow FindOrInsert(string? domain, ulong gfn)
    {
        int low = 0;
        int high = _rows.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            PageRow row = _rows[middle];
            int order = string.CompareOrdinal(domain, row.Domain);
            if (order == 0) order = gfn < row.First ? -1 : gfn > row.Last ? 1 : 0;
            if (order == 0) return row;
            if (order < 0) high = middle;
            else low = middle + 1;
        }

        PageRow added = new(domain, gfn);
        _rows.Insert(low, added);
        return added;
    }

    private static void Reduce(List<PageRow> rows, int most)
    {
        int count = rows.Count;
        if (count <= most) return;
        PageRow?[] left = [.. rows];
        PriorityQueue<(int Row, int Next, long Events), (long Events, ulong Gap, int Row)> pairs = new();
        for (int i = 0; i < left.Length; i++) Offer(i);
        while (count > most && pairs.TryDequeue(out (int Row, int Next, long Events) pair, out _))
        {
            // Either row may by now be another, or gone.
            if (left[pair.Row] is not { } row || left[pair.Next] is not { } next || row.Events + next.Events != pair.Events || After(pair.Row) != pair.Next) continue;
            row.Absorb(next);
            left[pair.Next] = null;
            count--;
            Offer(pair.Row);
            if (Before(pair.Row) is >= 0 and int before) Offer(before);
        }

        rows.Clear();
        rows.AddRange(left.OfType<PageRow>());

        void Offer(int row)
        {
            int next = After(row);
            if (next == left.Length || left[row]!.Domain != left[next]!.Domain) return;
            long events = left[row]!.Events + left[next]!.Events;
            pairs.Enqueue((row, next, events), (events, left[next]!.First - left[row]!.Last, row));
        }

        int After(int row)
        {
            do row++;
            while (row < left.Length && left[row] is null);
            return row;
        }

        int Before(int row)
        {
            do row--;
            while (row >= 0 && left[row] is null);
            return row;
        }
    }
}

/// <summary>A line of the heat map: events of one page, or of neighbouring pages, by time.</summary>
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

    /// <summary>Merges the next row into this one.</summary>
    public void Absorb(PageRow next)
    {
        Last = next.Last;
        Events += next.Events;
        for (int i = 0; i < Bins.Length; i++) Bins[i] += next.Bins[i];
    }
}
