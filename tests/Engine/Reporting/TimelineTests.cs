using FsCheck;
using FsCheck.Fluent;
using XenVmEvent.Reporting;
using Xunit;

namespace XenVmEvent.Tests.Reporting;

public class TimelineTests
{
    /// <summary>Times as close and as far apart as there are, in any order.</summary>
    private static Gen<List<long>> Times { get; } =
        from magnitude in Gen.Choose(1, 60)
        from start in ArbMap.Default.GeneratorFor<long>().Select(s => (s & long.MaxValue) % DateTime.MaxValue.Ticks)
        from offsets in Gen.NonEmptyListOf(ArbMap.Default.GeneratorFor<long>().Select(o => o & ((1L << magnitude) - 1)))
        select offsets.Select(o => Math.Min(start + o, DateTime.MaxValue.Ticks)).ToList();

    [Fact]
    public void Every_time_is_counted_once_in_the_bin_that_it_lies_in() => Properties.Hold(Times, 1000, times =>
    {
        (Timeline timeline, long[] counts) = Count(times);
        long[] bins = [.. timeline.InOrder(counts)];
        long[] expected = new long[timeline.Count];
        foreach (long time in times) expected[(time - timeline.Start) / timeline.Width.Ticks]++;
        Assert.Equal(expected, bins);
        Assert.Equal(times.Count, bins.Sum());
    });

    [Fact]
    public void There_are_at_most_256_bins_and_no_fewer_than_half_where_they_are_wider_than_a_millisecond() => Properties.Hold(Times, 1000, times =>
    {
        (Timeline timeline, long[] counts) = Count(times);
        Assert.InRange(timeline.Count, 1, Timeline.Most);
        if (timeline.Width > TimeSpan.FromMilliseconds(1)) Assert.InRange(timeline.Count, Timeline.Most / 2, Timeline.Most);
        Assert.True(timeline.InOrder(counts).First() > 0);
        Assert.True(timeline.InOrder(counts).Last() > 0);
    });

    [Fact]
    public void Nothing_counted_is_no_bin()
    {
        Timeline timeline = new();
        Assert.Equal((0, 0), (timeline.Count, timeline.Start));
        Assert.Empty(timeline.InOrder(new long[Timeline.Most]));
    }

    private static (Timeline Timeline, long[] Counts) Count(List<long> times)
    {
        Timeline timeline = new();
        long[] counts = new long[Timeline.Most];
        foreach (long time in times)
        {
            int slot;
            while (!timeline.TryFind(time, out slot)) timeline.Widen([counts]);
            counts[slot]++;
        }

        return (timeline, counts);
    }
}
