using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Simulation;

/// <summary>What panics or deadlocks a real host fails the simulated one loudly.</summary>
public class TrapTests
{
    [Fact]
    public void Enabling_the_ring_over_live_slots_brings_the_host_down_for_good()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using IDomainMonitor slotted = host.Enable(ChannelPreference.Slotted);
        XenException error = Hosts.Refused(XenErrorId.HostCrashed, () => host[Hosts.Guest].Channel.Enable());
        Assert.Contains("xc_monitor_enable", error.Message, StringComparison.Ordinal);
        Assert.Contains(host.Crash!, error.Message, StringComparison.Ordinal);
        Hosts.Refused(XenErrorId.HostCrashed, () => host.GetDomains());
        Hosts.Refused(XenErrorId.HostCrashed, () => slotted.Ports.Wait(new uint[1], TimeSpan.Zero));
        Hosts.Refused(XenErrorId.HostCrashed, slotted.Disable);
    }

    [Theory]
    [InlineData(ChannelPreference.Auto)]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void Asking_for_a_monitor_in_use_disturbs_neither_host_nor_listener(ChannelPreference second)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using var listener = new Listener(host, Hosts.Guest, ChannelPreference.Slotted);
        listener.Monitor.MonitorCpuid(true);
        Hosts.Refused(XenErrorId.MonitorBusy, () => host.Enable(second));
        Task done = host[Hosts.Guest].VCpus[0].RunAsync(GuestAction.Cpuid(0));
        listener.Skip(listener.Next(), 2);
        done.Finish();
        Assert.Null(host.Crash);
    }

    [Fact]
    public void Probing_by_enabling_slots_wipes_the_settings_of_the_listener_there()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using var listener = new Listener(host, Hosts.Guest, ChannelPreference.Slotted);
        listener.Monitor.MonitorCpuid(true);
        Hosts.Refused(XenErrorId.MonitorBusy, () => host[Hosts.Guest].Channel.EnableEx(1, 1));
        host[Hosts.Guest].VCpus[0].RunAsync(GuestAction.Cpuid(0)).Finish();
        Assert.Equal(0, host[Hosts.Guest].VCpus[0].Events);
    }

    [Fact]
    public void Slots_for_a_count_where_pages_differ_freeze_the_guest_and_its_last_vcpu_brings_the_host_down()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 43);
        using SimulatedMonitor monitor = host[Hosts.Guest].Channel.EnableEx(1, 43);
        monitor.MonitorCpuid(true);
        host[Hosts.Guest].VCpus[0].RunAsync(GuestAction.Cpuid(0));
        Hosts.Until(() => host[Hosts.Guest].VCpus[0].IsPaused);
        Assert.Null(host.Crash);
        host[Hosts.Guest].VCpus[42].RunAsync(GuestAction.Cpuid(0));
        Hosts.Until(() => host.Crash is not null);
        Assert.Contains("43 vCPUs", host.Crash, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void The_wrong_number_of_slots_freezes_vcpus(int channels)
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        using var listener = new Listener(host, host[Hosts.Guest].Channel.EnableEx(1, channels));
        listener.Monitor.MonitorCpuid(true);
        host[Hosts.Guest].VCpus[1].RunAsync(GuestAction.Cpuid(0));
        Hosts.Until(() => host[Hosts.Guest].VCpus[1].IsPaused);
        Assert.Null(listener.TryNext(TimeSpan.FromMilliseconds(20)));
    }

    [Theory]
    [InlineData(0, Errno.EINVAL)]
    [InlineData(32, Errno.E2BIG)]
    public void An_impossible_number_of_ring_pages_is_refused(int frames, Errno errno)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        Assert.Equal(errno, Hosts.Refused(XenErrorId.CallFailed, () => host[Hosts.Guest].Channel.EnableEx(frames, 1)).Errno);
        Assert.False(host[Hosts.Guest].IsMonitored);
    }

    [Fact]
    public void Calls_from_two_threads_at_once_bring_the_host_down()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using IDomainMonitor monitor = host.Enable(ChannelPreference.Ring);
        var notifying = new Thread(() => monitor.Ports.Notify(monitor.Ports.RingPort));
        lock (host[Hosts.Guest].Gate)
        {
            notifying.Start();
            Hosts.Until(() => (notifying.ThreadState & ThreadState.WaitSleepJoin) != 0);
            XenException error = Hosts.Refused(XenErrorId.HostCrashed, monitor.Disable);
            Assert.Contains("xc_monitor_disable was called while another thread was in xenevtchn_notify", error.Message, StringComparison.Ordinal);
        }

        notifying.Join();
    }

    [Fact]
    public void Calls_from_two_threads_one_after_the_other_are_fine()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using IDomainMonitor monitor = host.Enable(ChannelPreference.Ring);
        var notifying = new Thread(() => monitor.Ports.Notify(monitor.Ports.RingPort));
        notifying.Start();
        notifying.Join();
        monitor.Disable();
        Assert.Null(host.Crash);
    }
}
