using FsCheck.Fluent;
using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

public class StatisticsTests
{
    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void Once_stopped_they_add_up(ChannelPreference channel)
    {
        const int VCpus = 3;
        using SimulatedHypervisor host = Hosts.With(Workload.Everything, VCpus);
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel);
        using EventSubscription seen = session.Watch(Watches.Everything with { BufferSize = 1 << 20 });
        Hosts.Until(() => seen.Delivered > 500);
        session.Stop();
        MonitorStatistics statistics = session.GetStatistics();
        Assert.Equal(guest.VCpus.Sum(v => v.Events), statistics.Events);
        Assert.Equal(statistics.Events, statistics.Answered);
        Assert.Equal(statistics.Events, statistics.ByKind.Values.Sum());
        Assert.Equal(guest.VCpus.Select(v => v.Events), statistics.ByVCpu);
        Assert.All(statistics.ByKind, k => Assert.True(k.Value > 0));
        Assert.Equal((0, 0, 0, 0), (statistics.Held, statistics.TimedOut, statistics.Dropped, statistics.Overwritten));

        // What nobody subscribed to, as events that came while watches ended, is in none of the buffers.
        Assert.InRange(seen.Delivered, 500, statistics.Events);
        AssertInOrder(statistics.HandlingTime);
        AssertInOrder(statistics.WaitTime);
        Assert.True(statistics.HandlingTime.Min > TimeSpan.Zero);
    }

    [Fact]
    public void They_count_while_the_session_runs()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        Assert.Equal((0, default), (session.GetStatistics().Events, session.GetStatistics().HandlingTime));
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.Cpuid));
        for (int i = 1; i <= 3; i++)
        {
            host.Guest().Run(GuestAction.Cpuid(0));
            Assert.Equal((i, i), (session.GetStatistics().Events, session.GetStatistics().Answered));
        }
    }

    [Fact]
    public void Percentiles_are_those_of_the_sorted_durations_to_a_sixteenth() => Properties.Hold(
        Gen.NonEmptyListOf(Gen.OneOf(
            Gen.Choose(0, 100).Select(t => (long)t),
            Gen.Choose(0, int.MaxValue).Select(t => (long)t),
            Gen.Choose(0, int.MaxValue).Select(t => (long)t << 20))),
        500,
        durations =>
        {
            var histogram = new LatencyHistogram();
            foreach (long ticks in durations) histogram.Add(ticks);
            LatencySummary summary = histogram.Summarize();
            long[] sorted = [.. durations.Order()];
            Assert.Equal((ToTime(sorted[0]), ToTime(sorted[^1])), (summary.Min, summary.Max));
            AssertNear(sorted, 0.5, summary.Median);
            AssertNear(sorted, 0.99, summary.P99);
            AssertInOrder(summary);
        });

    [Theory]
    [InlineData(long.MinValue, 0)]
    [InlineData(-1, 0)]
    [InlineData(15, 15)]
    [InlineData(16, 16)]
    [InlineData(long.MaxValue, long.MaxValue)]
    public void One_duration_is_all_percentiles_whatever_it_is(long ticks, long counted)
    {
        var histogram = new LatencyHistogram();
        Assert.Equal(default, histogram.Summarize());
        histogram.Add(ticks);
        Assert.Equal(new LatencySummary(ToTime(counted), ToTime(counted), ToTime(counted), ToTime(counted)), histogram.Summarize());
    }

    private static void AssertNear(long[] sorted, double share, TimeSpan percentile)
    {
        long exact = sorted[(int)Math.Ceiling(sorted.Length * share) - 1];
        Assert.InRange(percentile, ToTime(exact), ToTime(exact + exact / 16));
    }

    private static void AssertInOrder(LatencySummary summary) =>
        Assert.True(summary.Min <= summary.Median && summary.Median <= summary.P99 && summary.P99 <= summary.Max, summary.ToString());

    private static TimeSpan ToTime(long ticks) => System.Diagnostics.Stopwatch.GetElapsedTime(0, ticks);
}
