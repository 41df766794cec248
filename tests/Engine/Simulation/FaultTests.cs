using System.Diagnostics;
using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Simulation;

public class FaultTests
{
    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_listener_gets_on_with_spurious_signals_interruptions_and_late_signals(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host[Hosts.Guest];
        guest.Faults.SpuriousSignals = 5;
        guest.Faults.InterruptedWaits = 5;
        guest.Faults.SignalDelay = TimeSpan.FromMilliseconds(2);
        using var listener = new Listener(host, Hosts.Guest, channel);
        listener.Monitor.MonitorCpuid(true);
        listener.ResolveUntil(Task.WhenAll(guest.VCpus.Select(v => v.RunAsync([.. Enumerable.Repeat(GuestAction.Cpuid(1), 10)]))));
        Assert.All(guest.VCpus, v => Assert.Equal(10, v.Events));
    }

    [Fact]
    public void A_wait_is_interrupted_as_often_as_told()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using IDomainMonitor monitor = host.Enable(ChannelPreference.Ring);
        host[Hosts.Guest].Faults.InterruptedWaits = 1;
        uint[] signalled = new uint[1];
        Assert.Equal(0, monitor.Ports.Wait(signalled, Listener.Patience));
        Assert.Equal(1, monitor.Ports.Wait(signalled, Listener.Patience));
    }

    [Fact]
    public void The_domain_dies_with_the_event_that_it_is_told_to()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host[Hosts.Guest];
        using var listener = new Listener(host, Hosts.Guest, ChannelPreference.Ring);
        listener.Monitor.MonitorCpuid(true);
        guest.Faults.DestroyAtEvent = 2;
        Task done = guest.VCpus[0].RunAsync(GuestAction.Cpuid(0), GuestAction.Cpuid(0), GuestAction.Cpuid(0));
        listener.Skip(listener.Next(), 2);
        Assert.Throws<TaskCanceledException>(done.Finish);
        Assert.False(listener.Monitor.IsDomainAlive);
        Assert.DoesNotContain(host.GetDomains(), d => d.Name == Hosts.Guest);
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_torn_index_is_seen_by_a_listener_that_looks(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using var listener = new Listener(host, Hosts.Guest, channel);
        listener.Monitor.MonitorCpuid(true);
        host[Hosts.Guest].Faults.TearAtEvent = 1;
        host[Hosts.Guest].VCpus[0].RunAsync(GuestAction.Cpuid(0));
        Hosts.Until(() => host[Hosts.Guest].VCpus[0].IsPaused);
        long start = Stopwatch.GetTimestamp();
        Hosts.Refused(XenErrorId.CorruptChannel, () =>
        {
            while (Stopwatch.GetElapsedTime(start) < Listener.Patience) listener.TryNext(TimeSpan.Zero);
        });
        listener.Monitor.Disable();
    }
}
