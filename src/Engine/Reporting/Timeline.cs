namespace XenVmEvent.Reporting;

/// <summary>
/// Time in bins of equal width: 1 ms at first, doubled whenever events are too far apart for the number of bins. Counts
/// by bin are an array of <see cref="Most"/> slots. A bin's slot is its number modulo that, so that nothing moves when
/// an earlier or later bin is added.
/// </summary>
internal sealed class Timeline
{
    /// <summary>The maximum number of bins. More would be narrower than a screen's pixels.</summary>
    public const int Most = 256;

    private const int Mask = Most - 1;

    private long _width = TimeSpan.TicksPerMillisecond;
    private long _first = long.MaxValue;
    private long _last = long.MinValue;

    public TimeSpan Width => TimeSpan.FromTicks(_width);

    /// <summary>From the first bin with an event to the last.</summary>
    public int Count => _last < _first ? 0 : (int)(_last - _first) + 1;

    /// <summary>The start of the first bin in UTC ticks.</summary>
    public long Start => Count == 0 ? 0 : _first * _width;

    /// <summary>Finds the slot for a time.</summary>
    /// <returns>False: it does not fit until <see cref="Widen"/> is called.</returns>
    public bool TryFind(long utcTicks, out int slot)
    {
        long bin = utcTicks / _width;
        slot = (int)(bin & Mask);
        long first = Math.Min(_first, bin);
        long last = Math.Max(_last, bin);
        if (last - first >= Most) return false;
        (_first, _last) = (first, last);
        return true;
    }

    /// <summary>Doubles the width of the bins. All counts must be passed.</summary>
    public void Widen(IEnumerable<long[]> all)
    {
        Span<long> wider = stackalloc long[Most];
        foreach (long[] counts in all)
        {
            wider.Clear();
            for (long bin = _first; bin <= _last; bin++) wider[(int)((bin >> 1) & Mask)] += counts[bin & Mask];
            wider.CopyTo(counts);
        }

        _first >>= 1;
        _last >>= 1;
        _width *= 2;
    }

    /// <summary>The counts from the first bin to the last.</summary>
    public IEnumerable<long> InOrder(long[] counts)
    {
        for (long bin = _first; bin <= _last; bin++) yield return counts[bin & Mask];
    }
}
