using FsCheck.Fluent;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Measurement;
using XenVmEvent.Monitoring;
using XenVmEvent.Recording;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Events;
using XenVmEvent.Tests.Monitoring;
using XenVmEvent.Tests.Recording;
using XenVmEvent.Tests.Reporting;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Measurement;

public class EventMeterTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Every_event_is_counted_once_in_each_way() => Properties.Hold(Gen.ListOf(RandomEvents.Any), 100, events =>
    {
        EventMeter meter = new(top: 1000);
        foreach (VmEvent one in events) Assert.Null(meter.Add(one));
        EventMeasure measure = meter.Finish()!;
        Assert.Equal(events.Count, measure.Events);
        Assert.Equal(events.CountBy(e => e.Kind).OrderBy(k => k.Key).Select(k => (k.Key, (long)k.Value)), measure.ByKind.Select(k => (k.Key, k.Value)));
        Assert.Equal(events.CountBy(e => e.VCpu).OrderBy(k => k.Key).Select(k => (k.Key, (long)k.Value)), measure.ByVCpu.Select(k => (k.Key, k.Value)));
        Assert.Equal(events.Count, measure.ByDomain.Values.Sum());
        Assert.Equal(events.Count, measure.BusiestInstructions.Sum(i => i.Events));
        Assert.Equal(events.Count(e => e is MemAccessEvent or MemPagingEvent or MemSharingEvent), measure.BusiestPages.Sum(p => p.Events));
        Assert.Equal(events.Count(e => e.ResponseState == ResponseState.TimedOut), measure.TimedOut);
        Assert.Equal(events.Max(e => e.HandlingTime) ?? TimeSpan.Zero, measure.HandlingTime.Max);
        Assert.Null(measure.Dropped);
    });

    [Fact]
    public void Hosts_are_counted_and_guests_of_one_name_on_two_of_them_are_two()
    {
        EventMeter meter = new(top: 10, TimeSpan.FromMinutes(1));
        foreach (string? host in (string?[])["dom0-2", "dom0-1", null, "dom0-1"]) meter.Add(ReportEvents.At(0, host: host));
        EventMeasure measure = meter.Finish()!;
        Assert.Equal("dom0-1 2, dom0-2 1", $"{measure.ByHost}");
        Assert.Equal("dom0-1/web01 2, dom0-2/web01 1, web01 1", $"{measure.ByDomain}");
        Assert.Equal(["dom0-1/web01 0x100: 2", "dom0-2/web01 0x100: 1", "web01 0x100: 1"], measure.BusiestPages.Select(page => $"{page}").Order());
        Assert.Equal("dom0-1/web01", measure.BusiestInstructions[0].Domain);
    }

    [Fact]
    public void The_busiest_come_first_and_no_more_than_asked_for()
    {
        EventMeter meter = new(top: 2);
        foreach (int gfn in (int[])[5, 7, 7, 9, 7, 5]) meter.Add(At(Noon, (ulong)gfn));
        EventMeasure measure = meter.Finish()!;
        Assert.Equal([new PageCount("web07", 7, 3), new PageCount("web07", 5, 2)], measure.BusiestPages);
        Assert.Equal("web07 0x7: 3", measure.BusiestPages[0].ToString());
    }

    [Fact]
    public void Events_are_counted_by_the_rule_that_applied()
    {
        EventMeter meter = new(top: 2);
        foreach ((string? rule, ResponseState state) in new (string?, ResponseState)[]
            { ("lstar", ResponseState.Rule), (null, ResponseState.Default), ("lstar", ResponseState.Default), ("cr3", ResponseState.Default), ("lstar", ResponseState.Rule) })
        {
            VmEvent one = At(Noon, 1);
            if (rule is not null) one.RuleMark = new RuleMark("linux", rule, RuleSeverity.Critical, Message: null);
            one.Restore(VmEventResponse.Continue, state, answeredAt: 0);
            meter.Add(one);
        }

        EventMeasure measure = meter.Finish()!;
        Assert.Equal([new RuleCount("linux", "cr3", RuleSeverity.Critical, 1, 0), new RuleCount("linux", "lstar", RuleSeverity.Critical, 3, 2)], measure.ByRule);
        Assert.Equal("linux lstar (Critical): 3, 2 answered", measure.ByRule[1].ToString());
    }

    [Fact]
    public void Time_is_that_of_the_events()
    {
        EventMeter meter = new(top: 0);
        for (int i = 0; i <= 40; i++) meter.Add(At(Noon.AddMilliseconds(250 * i), 1));
        EventMeasure measure = meter.Finish()!;
        Assert.Equal((Noon, TimeSpan.FromSeconds(10), 4.1), (measure.StartTime, measure.Duration, measure.EventsPerSecond));
        Assert.Empty(measure.BusiestPages);
    }

    [Fact]
    public void Nothing_measured_is_a_measure_of_nothing()
    {
        EventMeasure measure = new EventMeter(top: 5).Finish()!;
        Assert.Equal((0, 0.0, TimeSpan.Zero), (measure.Events, measure.EventsPerSecond, measure.Duration));
        Assert.Null(new EventMeter(top: 5, TimeSpan.FromSeconds(1)).Finish());
    }

    [Fact]
    public void Intervals_begin_with_the_first_event_and_those_without_events_are_left_out()
    {
        EventMeter meter = new(top: 5, TimeSpan.FromSeconds(1));
        List<EventMeasure> intervals = [];
        foreach (double second in (double[])[0, 0.5, 0.999, 1, 1.2, 0.9, 86_400.5, 86_400.6])
        {
            if (meter.Add(At(Noon.AddSeconds(second), 1)) is { } interval) intervals.Add(interval);
        }

        intervals.Add(meter.Finish()!);
        Assert.Equal([3, 3, 2], intervals.Select(i => i.Events));
        Assert.Equal([0, 1, 86_400], intervals.Select(i => (i.StartTime - Noon).TotalSeconds));
        Assert.Equal([1, 1, 0.6], intervals.Select(i => Math.Round(i.Duration.TotalSeconds, 6)));
        Assert.Equal(3, intervals[0].EventsPerSecond);
        Assert.All(intervals, i => Assert.IsType<IntervalMeasure>(i));
    }

    [Fact]
    public void Of_live_events_it_knows_how_long_answers_took_and_what_was_dropped()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(ChannelPreference.Ring, deadline: Watches.Soon);
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.Cpuid) with { Hold = true, BufferSize = 1 });
        host.Guest().VCpus[0].RunAsync([.. Enumerable.Range(0, 5).Select(i => GuestAction.Cpuid((uint)i, 0))]);
        Hosts.Until(() => session.GetStatistics().Dropped > 0);
        EventMeter meter = new(top: 5);
        VmEvent first = seen.Take(Watches.Never)!;
        meter.Add(first);
        session.Stop();
        EventMeasure measure = meter.Finish()!;
        Assert.Equal(ResponseState.TimedOut, first.ResponseState);
        Assert.Equal((1, 1), (measure.Events, measure.TimedOut));
        Assert.InRange(measure.HandlingTime.Max, Watches.Soon, TimeSpan.FromMinutes(1));
        Assert.InRange(measure.Dropped!.Value, 1, 5);
    }

    /// <summary>A page access, as recorded at a time.</summary>
    private static VmEvent At(DateTimeOffset time, ulong gfn)
    {
        VmEvent one = new Requests(7).Event(VmEventKind.MemAccess, (VmEventField.MemAccessGfn, gfn));
        RecordedSource source = new(7, "web07", one.Request.Layout, GuestArchitecture.X86, TimeSpan.Zero);
        VmEvent recorded = VmEventFactory.Create(source, one.Request, time.UtcTicks);
        recorded.Restore(VmEventResponse.Continue, ResponseState.Default, 0);
        return recorded;
    }
}
