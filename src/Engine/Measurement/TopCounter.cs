using System.Runtime.InteropServices;

namespace XenVmEvent.Measurement;

/// <summary>
/// Counts how often each of any number of things came, in bounded memory. As long as no more than a number of different
/// ones came, all counts are exact. Beyond that the rare ones are forgotten (Misra and Gries): a count can then be too
/// small, by no more than twice the total divided by that number.
/// </summary>
internal sealed class TopCounter<T>(int most) where T : notnull
{
    private readonly Dictionary<T, long> _counts = [];

    public void Add(T thing)
    {
        CollectionsMarshal.GetValueRefOrAddDefault(_counts, thing, out _)++;
        if (_counts.Count > most) ForgetTheRare();
    }

    /// <summary>The most frequent, the first first.</summary>
    public IEnumerable<KeyValuePair<T, long>> Top(int count) => _counts.OrderByDescending(c => c.Value).Take(count);

    /// <summary>All that are remembered, in their own order.</summary>
    public IEnumerable<KeyValuePair<T, long>> InOrder() => _counts.OrderBy(c => c.Key);

    private void ForgetTheRare()
    {
        long[] counts = [.. _counts.Values];
        Array.Sort(counts);
        long cut = counts[counts.Length / 2];
        foreach ((T thing, long count) in _counts)
        {
            // A dictionary may be changed so while it is walked through.
            if (count <= cut) _counts.Remove(thing);
            else _counts[thing] = count - cut;
        }
    }
}
