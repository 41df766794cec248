using System.Diagnostics;
using System.Numerics;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Counts durations in buckets that are about 6 % wide, so that percentiles of any number of durations take 8 KiB. Used
/// by one thread.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int SubBucketBits = 4;
    private const int SubBuckets = 1 << SubBucketBits;

    private readonly long[] _counts = new long[64 * SubBuckets];
    private long _total;
    private long _sum;
    private long _min = long.MaxValue;
    private long _max;

    /// <summary>Adds a duration in <see cref="Stopwatch"/> ticks.</summary>
    public void Add(long ticks)
    {
        long value = Math.Max(ticks, 0);
        _counts[BucketOf(value)]++;
        _total++;
        _sum += value;
        if (value < _min) _min = value;
        if (value > _max) _max = value;
    }

    public LatencySummary Summarize() => _total == 0
        ? default
        : new LatencySummary(ToTime(_min), Percentile(0.5), Percentile(0.99), ToTime(_max));

    public DurationCounts Count()
    {
        long[] within = new long[DurationCounts.Bounds.Count];
        int bucket = 0;
        long count = 0;
        for (int i = 0; i < within.Length; i++)
        {
            long bound = (long)(DurationCounts.Bounds[i].TotalSeconds * Stopwatch.Frequency);
            while (bucket < _counts.Length && UpperEndOf(bucket) <= bound) count += _counts[bucket++];
            within[i] = count;
        }

        return new DurationCounts(within, _total, ToTime(_sum));
    }

    private static int BucketOf(long value)
    {
        if (value < SubBuckets) return (int)value;
        int shift = BitOperations.Log2((ulong)value) - SubBucketBits;
        return (shift + 1) * SubBuckets + (int)((value >> shift) & (SubBuckets - 1));
    }

    private static long UpperEndOf(int bucket)
    {
        if (bucket < SubBuckets) return bucket;
        int shift = bucket / SubBuckets - 1;
        return ((long)(SubBuckets + bucket % SubBuckets + 1) << shift) - 1;
    }

    private static TimeSpan ToTime(long ticks) => Stopwatch.GetElapsedTime(0, ticks);

    private TimeSpan Percentile(double share)
    {
        long rank = (long)Math.Ceiling(_total * share);
        long seen = 0;
        int bucket = 0;
        while ((seen += _counts[bucket]) < rank) bucket++;
        return ToTime(Math.Min(UpperEndOf(bucket), _max));
    }
}

/// <summary>A distribution of durations. All values are zero if there were none.</summary>
public readonly record struct LatencySummary(TimeSpan Min, TimeSpan Median, TimeSpan P99, TimeSpan Max)
{
    /// <summary>The shortest duration.</summary>
    public TimeSpan Min { get; } = Min;

    /// <summary>Half of the durations are no longer than this, accurate to 6 %.</summary>
    public TimeSpan Median { get; } = Median;

    /// <summary>99 % of the durations are no longer than this, accurate to 6 %.</summary>
    public TimeSpan P99 { get; } = P99;

    /// <summary>The longest duration.</summary>
    public TimeSpan Max { get; } = Max;

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"min {Min.TotalMicroseconds:0.#}, median {Median.TotalMicroseconds:0.#}, p99 {P99.TotalMicroseconds:0.#}, max {Max.TotalMicroseconds:0.#} µs");
}
