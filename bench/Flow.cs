using System.Diagnostics;

namespace XenVmEvent.Bench;

/// <summary>How many events passed in a time, and what the process allocated meanwhile.</summary>
internal readonly record struct Flow(long Events, TimeSpan Time, long Bytes)
{
    public double PerSecond => Events / Time.TotalSeconds;

    public double BytesPerEvent => (double)Bytes / Events;

    /// <summary>Measures what passes while <paramref name="consume"/> runs, once it has run for a while.</summary>
    public static Flow Measure(TimeSpan time, Func<long> count, Action<TimeSpan> consume)
    {
        consume(time / 2);
        long bytes = GC.GetTotalAllocatedBytes(precise: true);
        long events = count();
        long start = Stopwatch.GetTimestamp();
        consume(time);
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        return new Flow(count() - events, took, GC.GetTotalAllocatedBytes(precise: true) - bytes);
    }
}
