using System.Runtime.InteropServices;

namespace XenVmEvent.Measurement;

/// <summary>
/// Counts how often each item occurs, for any number of items, in bounded memory. As long as there are no more
/// different items than the limit, all counts are exact. Beyond it the rare items are forgotten (Misra and Gries): a
/// count can then be too small, by at most twice the total divided by the limit.
/// </summary>
internal sealed class TopCounter<T>(int most) where T : notnull
{
    private readonly Dictionary<T, long> _counts = [];

    public void Add(T thing)
    {
        CollectionsMarshal.GetValueRefOrAddDefault(_counts, thing, out _)++;
        if (_counts.Count > most) ForgetTheRare();
    }

    /// <summary>The most frequent items, the most frequent first.</summary>
    public IEnumerable<KeyValuePair<T, long>> Top(int count) => _counts.OrderByDescending(c => c.Value).Take(count);

    /// <summary>All remembered items, in no particular order.</summary>
    public IEnumerable<KeyValuePair<T, long>> InOrder() => _counts.OrderBy(c => c.Key);

    private void ForgetTheRare()
    {
        long[] counts = [.. _counts.Values];
        Array.Sort(counts);
        long cut = counts[counts.Length / 2];
        foreach ((T thing, long count) in _counts)
        {
            // A dictionary may be changed this way while it is enumerated.
            if (count <= cut) _counts.Remove(thing);
            else _counts[thing] = count - cut;
        }
    }
}
