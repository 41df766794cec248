using System.Diagnostics;
using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Simulation;

public class PortsTests
{
    [Fact]
    public void Every_port_gives_one_signal_for_nothing_when_bound_and_is_silent_until_unmasked()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        using IDomainMonitor monitor = host.Enable(ChannelPreference.Slotted);
        IEventPorts ports = monitor.Ports;
        uint[] signalled = new uint[2];
        Assert.Equal(2, ports.Wait(signalled, Listener.Patience));
        var seen = signalled.ToHashSet();
        Assert.Equal(1, ports.Wait(signalled, Listener.Patience));
        seen.Add(signalled[0]);
        Assert.Equal([ports.RingPort, .. ports.SlotPorts], seen.Order());
        Assert.Equal(0, ports.Wait(signalled, TimeSpan.Zero));

        monitor.MonitorCpuid(true);
        host[Hosts.Guest].VCpus[1].RunAsync(GuestAction.Cpuid(0));
        Hosts.Until(() => host[Hosts.Guest].VCpus[1].IsPaused);
        Assert.Equal(0, ports.Wait(signalled, TimeSpan.FromMilliseconds(20)));
        ports.Unmask([ports.SlotPorts[1]]);
        Assert.Equal(1, ports.Wait(signalled, Listener.Patience));
        Assert.Equal(ports.SlotPorts[1], signalled[0]);
    }

    [Fact]
    public void A_wake_is_kept_for_the_next_wait_and_ends_the_present_one()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using IDomainMonitor monitor = host.Enable(ChannelPreference.Ring);
        uint[] signalled = new uint[1];
        monitor.Ports.Wait(signalled, TimeSpan.Zero);
        monitor.Ports.Wake();
        Assert.Equal(0, monitor.Ports.Wait(signalled, Listener.Patience));

        using var timer = new Timer(_ => monitor.Ports.Wake(), null, 20, Timeout.Infinite);
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(0, monitor.Ports.Wait(signalled, Listener.Patience));
        Assert.True(Stopwatch.GetElapsedTime(start) < Listener.Patience);
    }

    [Fact]
    public void A_port_of_somebody_else_is_refused()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using IDomainMonitor monitor = host.Enable(ChannelPreference.Ring);
        Assert.Equal(Errno.EINVAL, Hosts.Refused(XenErrorId.CallFailed, () => monitor.Ports.Notify(monitor.Ports.RingPort + 1)).Errno);
        Hosts.Refused(XenErrorId.CallFailed, () => monitor.Ports.Unmask([monitor.Ports.RingPort - 1]));
    }

    [Fact]
    public void The_end_of_the_domain_ends_the_wait()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using IDomainMonitor monitor = host.Enable(ChannelPreference.Ring);
        uint[] signalled = new uint[1];
        monitor.Ports.Wait(signalled, TimeSpan.Zero);
        using var timer = new Timer(_ => host[Hosts.Guest].Destroy(), null, 20, Timeout.Infinite);
        long start = Stopwatch.GetTimestamp();
        monitor.Ports.Wait(signalled, Listener.Patience);
        Assert.True(Stopwatch.GetElapsedTime(start) < Listener.Patience);
        Hosts.Until(() => !monitor.IsDomainAlive);
        Hosts.Refused(XenErrorId.DomainNotFound, () => monitor.MonitorCpuid(true));
        monitor.Ports.Notify(monitor.Ports.RingPort);
        monitor.Disable();
    }
}
