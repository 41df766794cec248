using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

public class BackPressureTests
{
    [Theory]
    [InlineData(ChannelPreference.Ring, 1, 1)]
    [InlineData(ChannelPreference.Ring, 12, 3)]
    [InlineData(ChannelPreference.Slotted, 1, 1)]
    [InlineData(ChannelPreference.Slotted, 12, 3)]
    public void A_full_buffer_slows_the_guest_and_nothing_is_lost_or_out_of_order(ChannelPreference channel, int vcpus, int bufferSize)
    {
        const int Each = 150;
        using SimulatedHypervisor host = Hosts.Idle(vcpus);
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel);
        using EventSubscription slow = session.Watch(Watches.For(VmEventKind.Cpuid) with { BufferSize = bufferSize });
        Task[] all = [.. guest.VCpus.Select(v => v.RunAsync([.. Enumerable.Range(0, Each).Select(i => GuestAction.Cpuid(1, (uint)i))]))];

        // Nobody takes anything. Once the buffer is full, the vCPUs stop one by one.
        Hosts.Until(() => guest.VCpus.All(v => v.IsPaused || v.IsBlocked || v.Instructions == Each));
        Assert.True(guest.VCpus.Sum(v => v.Instructions) <= bufferSize);
        uint[] next = new uint[vcpus];
        for (int i = 0; i < vcpus * Each; i++)
        {
            CpuidEvent one = slow.Next<CpuidEvent>();
            Assert.Equal(next[one.VCpu]++, one.Subleaf);
        }

        foreach (Task one in all) one.Finish();
        Assert.Equal((0, vcpus * Each), (slow.Dropped, slow.Delivered));
        Assert.Equal((0, 0), (session.GetStatistics().Dropped, session.GetStatistics().TimedOut));
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_consumer_that_is_stuck_stops_the_guest_for_one_deadline_and_what_it_misses_is_counted(ChannelPreference channel)
    {
        const int Count = 200;
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel, Watches.Soon);
        using EventSubscription stuck = session.Watch(Watches.For(VmEventKind.Cpuid) with { BufferSize = 5 });
        using EventSubscription quick = session.Watch(Watches.For(VmEventKind.Cpuid));
        guest.Run([.. Enumerable.Repeat(GuestAction.Cpuid(0), Count)]);
        Assert.Equal((5, Count - 5), (stuck.Delivered, stuck.Dropped));
        Assert.Equal((Count, 0), (quick.Delivered, quick.Dropped));
        Assert.Equal(Count - 5, session.GetStatistics().Dropped);

        // Once the consumer takes events again, the guest waits for it again.
        for (int i = 0; i < 5; i++) stuck.Next<CpuidEvent>();
        guest.Run([.. Enumerable.Repeat(GuestAction.Cpuid(7), 5)]);
        for (int i = 0; i < 5; i++) Assert.Equal(7u, stuck.Next<CpuidEvent>().Leaf);
        Assert.Equal(Count - 5, stuck.Dropped);
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_consumer_of_held_events_that_is_stuck_does_not_freeze_the_guest(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel, Watches.Soon);
        using EventSubscription stuck = session.Watch(Watches.For(VmEventKind.Cpuid) with { BufferSize = 1, Hold = true });
        guest.Run([.. Enumerable.Repeat(GuestAction.Cpuid(0), 50)]);
        Assert.Equal((1, 49), (stuck.Delivered, stuck.Dropped));
        Assert.Equal(ResponseState.TimedOut, stuck.Next<CpuidEvent>().ResponseState);
    }

    [Fact]
    public void Overwritten_asynchronous_events_are_counted()
    {
        const int Count = 3000;
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(ChannelPreference.Slotted);
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.VmExit) with { BufferSize = Count });
        host.Guest().Run([.. Enumerable.Repeat(GuestAction.Cpuid(0), Count)]);
        Hosts.Until(() => session.GetStatistics() is { } now && now.Events + now.Overwritten == Count);
        Assert.Equal((session.GetStatistics().Events, 0), (seen.Delivered, seen.Dropped));
    }

    [Fact]
    public void Whoever_might_have_wanted_overwritten_events_is_told_how_many()
    {
        const int Count = 100;
        using SimulatedHypervisor host = Hosts.Idle();

        // The pump has no time for events while it makes this call, and the guest does not wait for it.
        using var busy = new RefusingHypervisor(host, call =>
        {
            if (call == nameof(IDomainMonitor.MonitorCpuid) && !host.Guest().Settings.Cpuid) host.Guest().Run([.. Enumerable.Repeat(GuestAction.Cpuid(0), Count)]);
            return false;
        });
        using MonitorSession session = MonitorSession.Start(busy, host.Guest().Identity, new MonitorOptions { Channel = ChannelPreference.Slotted });
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.VmExit) with { BufferSize = Count });
        using EventSubscription other = session.Watch(Watches.For(VmEventKind.Cpuid));
        Hosts.Until(() => session.GetStatistics() is { } now && now.Events + now.Overwritten == Count);
        MonitorStatistics statistics = session.GetStatistics();
        Assert.True(statistics.Overwritten > 0);
        Assert.Equal((statistics.Overwritten, 0), (statistics.Lost, statistics.Dropped));
        Assert.Equal((statistics.Overwritten, 0), (seen.Overwritten, other.Overwritten));
    }
}
