using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Measurement;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

public sealed class MeasureXenVmEventTests : CmdletTest
{
    [Fact]
    public void A_stream_gives_one_summary()
    {
        VmEvent[] events = Events(30);
        EventMeasure measure = Assert.Single(Measure(events).Run().OutputOf<EventMeasure>());
        Assert.Equal(30, measure.Events);
        Assert.Equal(30, measure.ByKind[VmEventKind.Cpuid] + measure.ByKind[VmEventKind.WriteControlRegister]);
        Assert.Equal(30, measure.ByDomain["web01"]);
        Assert.InRange(measure.BusiestInstructions.Count, 1, 5);
        Assert.Equal(events[^1].Time - events[0].Time, measure.Duration);
        Assert.Equal(0, measure.Dropped);
    }

    [Fact]
    public void An_interval_gives_a_measure_of_each()
    {
        VmEvent[] events = Events(30);
        IntervalMeasure[] measures = Measure(events).With("Interval", (events[^1].Time - events[0].Time) / 3).With("Top", 1).Run().OutputOf<IntervalMeasure>();
        Assert.InRange(measures.Length, 2, 4);
        Assert.Equal(30, measures.Sum(m => m.Events));
        Assert.All(measures, m => Assert.Single(m.BusiestInstructions));
    }

    [Fact]
    public void Nothing_gives_a_summary_of_nothing_and_no_interval()
    {
        Assert.Equal(0, Assert.Single(Measure([]).Run().OutputOf<EventMeasure>()).Events);
        Assert.Empty(Measure([]).With("Interval", 1).Run().Output);
    }

    private static VmEvent[] Events(int count) => Pipeline.Of<WatchXenVmEventCommand>("web01", (VmEventKind[])[VmEventKind.Cpuid, VmEventKind.WriteControlRegister])
        .With("First", count).Run().OutputOf<VmEvent>();

    private static Pipeline Measure(VmEvent[] events) => Pipeline.Of<MeasureXenVmEventCommand>().From([.. events]);
}
