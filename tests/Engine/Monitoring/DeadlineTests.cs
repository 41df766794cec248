using System.Collections.Concurrent;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>
/// How long a vCPU stands still for an event, measured at the vCPU itself, while the consumer's thread is stuck: a
/// pager waits for a key, a script is stopped in a debugger, or nobody answers.
/// </summary>
[Trait("Speed", "Slow")]
public class DeadlineTests(ITestOutputHelper output)
{
    private const int EventsOfEach = 200;

    /// <summary>If each event waited for its deadline, all would take 50 times as long as is allowed here.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Generous, for a busy machine. The tests show that the wait ends, and does not depend on the consumer.
    /// </summary>
    private static readonly TimeSpan Allowed = Deadline + TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData(ChannelPreference.Ring, 1, false)]
    [InlineData(ChannelPreference.Ring, 12, false)]
    [InlineData(ChannelPreference.Slotted, 12, false)]
    [InlineData(ChannelPreference.Ring, 1, true)]
    [InlineData(ChannelPreference.Ring, 12, true)]
    [InlineData(ChannelPreference.Slotted, 12, true)]
    public void A_consumer_that_stops_for_good_holds_no_vcpu_up_for_longer(ChannelPreference channel, int vcpus, bool hold)
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus);
        SimulatedDomain guest = host.Guest();
        ConcurrentBag<TimeSpan> pauses = [];
        guest.RanOn = (_, pause) => pauses.Add(pause);
        using MonitorSession session = host.Session(channel, Deadline);
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.Cpuid) with { Hold = hold, BufferSize = 3 });
        using ManualResetEventSlim hasFirst = new();
        using ManualResetEventSlim goOn = new();
        VmEvent? first = null;
        Task consumer = Task.Factory.StartNew(
            () =>
            {
                first = seen.Take(Listener.Patience);
                hasFirst.Set();
                goOn.Wait();
            },
            TaskCreationOptions.LongRunning);

        Task[] all = [.. guest.VCpus.Select(v => v.RunAsync([.. Enumerable.Repeat(GuestAction.Cpuid(0), EventsOfEach)]))];
        Assert.True(hasFirst.Wait(Listener.Patience));
        foreach (Task one in all) one.Finish();
        Assert.False(consumer.IsCompleted);

        TimeSpan longest = pauses.Max();
        output.WriteLine($"{pauses.Count} pauses, the longest {longest.TotalMilliseconds:0} ms, the deadline {Deadline.TotalMilliseconds:0} ms");
        Assert.Equal(vcpus * EventsOfEach, pauses.Count);
        Assert.InRange(longest, TimeSpan.Zero, Allowed);

        // Each event that was not taken is counted once, and the first says what became of it.
        MonitorStatistics statistics = session.GetStatistics();
        Assert.Equal((long)vcpus * EventsOfEach, seen.Delivered + seen.Dropped);
        Assert.Equal((seen.Dropped, statistics.Events), (statistics.Dropped, statistics.Answered));
        Assert.True(seen.Dropped > 0);
        Assert.Equal(hold ? ResponseState.TimedOut : ResponseState.Default, first!.ResponseState);
        goOn.Set();
        consumer.Finish();
        session.Stop();
        guest.AssertFree();
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_consumer_that_comes_back_now_and_then_holds_no_vcpu_up_for_longer(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 4);
        SimulatedDomain guest = host.Guest();
        ConcurrentBag<TimeSpan> pauses = [];
        guest.RanOn = (_, pause) => pauses.Add(pause);
        using MonitorSession session = host.Session(channel, Watches.Soon);
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.Cpuid) with { Hold = true, BufferSize = 1 });
        Task[] all = [.. guest.VCpus.Select(v => v.RunAsync([.. Enumerable.Repeat(GuestAction.Cpuid(0), EventsOfEach)]))];

        // The consumer takes a page at a time. After each take the guest waits for it once more.
        for (int page = 0; page < 5; page++)
        {
            seen.Next<CpuidEvent>();
            Hosts.Until(() => seen.Dropped > page);
        }

        foreach (Task one in all) one.Finish();
        output.WriteLine($"{pauses.Count} pauses, the longest {pauses.Max().TotalMilliseconds:0} ms, the deadline {Watches.Soon.TotalMilliseconds:0} ms");
        Assert.InRange(pauses.Max(), TimeSpan.Zero, Allowed);
        Assert.Equal(4 * EventsOfEach, seen.Delivered + seen.Dropped);
    }

    [Theory]
    [InlineData(ChannelPreference.Ring, 12)]
    [InlineData(ChannelPreference.Ring, 20)]
    [InlineData(ChannelPreference.Slotted, 12)]
    public void A_vcpu_that_finds_no_room_waits_no_longer_for_others_and_itself_together(ChannelPreference channel, int vcpus)
    {
        // This is long enough that a busy machine adds little. An event that waited after the others' time took twice
        // as long.
        TimeSpan deadline = TimeSpan.FromSeconds(4);
        using SimulatedHypervisor host = Hosts.Idle(vcpus);
        SimulatedDomain guest = host.Guest();
        ConcurrentBag<TimeSpan> pauses = [];
        guest.RanOn = (_, pause) => pauses.Add(pause);
        using MonitorSession session = host.Session(channel, deadline);
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.Cpuid) with { Hold = true });
        Task[] all = [.. guest.VCpus.Select(v => v.RunAsync(GuestAction.Cpuid(0)))];
        foreach (Task one in all) one.Finish();
        Assert.Equal(vcpus, pauses.Count);
        Assert.InRange(pauses.Max(), deadline / 2, deadline * 1.5);
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_session_whose_consumers_all_stand_still_serves_others_and_ends(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel, TimeSpan.FromSeconds(2));
        using EventSubscription stands = session.Watch(Watches.For(VmEventKind.Cpuid) with { Hold = true, BufferSize = 1 });
        Task held = guest.VCpus[0].RunAsync(GuestAction.Cpuid(0), GuestAction.Cpuid(0), GuestAction.Breakpoint());

        // While one event is held, and then another has no room, the pump does what other threads ask for.
        using EventSubscription other = session.Watch(Watches.For(VmEventKind.SoftwareBreakpoint));
        session.SetMemAccess([new MemAccessRange(new GfnRange(0x100, 0x10f), MemAccess.R)]);
        other.Next<SoftwareBreakpointEvent>();
        held.Finish();
        Assert.Empty(session.Stop().TeardownFailures);
        guest.AssertFree();
    }
}
