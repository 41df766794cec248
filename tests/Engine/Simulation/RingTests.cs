using FsCheck;
using FsCheck.Fluent;
using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Simulation;

public class RingTests
{
    private const int Entries = 8;

    [Fact]
    public void A_vcpu_that_finds_no_room_waits_and_disabling_is_refused_until_it_got_through()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: Entries + 2);
        using var listener = new Listener(host, Hosts.Guest, ChannelPreference.Ring);
        listener.Monitor.MonitorCpuid(true);
        Task[] guest = [.. host[Hosts.Guest].VCpus.Select(v => v.RunAsync(GuestAction.Cpuid(1)))];
        Hosts.Until(() => host[Hosts.Guest].VCpus.Count(v => v.IsPaused) == Entries && host[Hosts.Guest].VCpus.Count(v => v.IsBlocked) == 2);

        Assert.Equal(Errno.EBUSY, Hosts.Refused(XenErrorId.CallFailed, listener.Monitor.Disable).Errno);
        for (int i = 0; i < Entries + 2; i++) listener.Skip(listener.Next(), 2);
        foreach (Task done in guest) done.Finish();
        listener.Monitor.Disable();
        Assert.DoesNotContain(host[Hosts.Guest].VCpus, v => v.IsPaused || v.IsBlocked);
    }

    [Fact]
    public void A_vcpu_rests_when_its_unpaused_event_leaves_fewer_free_entries_than_vcpus() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(12),
        Prop.ForAll(Gen.Choose(1, 12).ToArbitrary(), vcpus =>
        {
            using SimulatedHypervisor host = Hosts.Idle(vcpus);
            using var listener = new Listener(host, Hosts.Guest, ChannelPreference.Ring);
            listener.Monitor.MonitorGuestRequest(enable: true, sync: false, allowUserspace: false);
            SimulatedVCpu vcpu = host[Hosts.Guest].VCpus[0];
            Task done = vcpu.RunAsync([.. Enumerable.Repeat(GuestAction.GuestRequest(), 30)]);
            Hosts.Until(() => vcpu.IsBlocked);

            Assert.Equal(Math.Max(1, Entries - vcpus + 1), vcpu.Events);
            Assert.False(vcpu.IsPaused);
            Assert.False(done.IsCompleted);
            listener.ResolveUntil(done);
            Assert.Equal(30, vcpu.Events);
        }));

    [Fact]
    public void Disabling_frees_who_waits_for_room_but_not_who_waits_for_an_answer()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        using var listener = new Listener(host, Hosts.Guest, ChannelPreference.Ring);
        listener.Monitor.MonitorGuestRequest(enable: true, sync: false, allowUserspace: false);
        listener.Monitor.MonitorCpuid(true);
        SimulatedVCpu resting = host[Hosts.Guest].VCpus[0];
        SimulatedVCpu frozen = host[Hosts.Guest].VCpus[1];
        Task rests = resting.RunAsync([.. Enumerable.Repeat(GuestAction.GuestRequest(), 20)]);
        Hosts.Until(() => resting.IsBlocked);
        Task freezes = frozen.RunAsync(GuestAction.Cpuid(0));
        Hosts.Until(() => frozen.IsPaused);

        listener.Monitor.Disable();
        rests.Finish();
        Assert.True(frozen.IsPaused);
        Assert.False(freezes.IsCompleted);
        Assert.False(host[Hosts.Guest].IsMonitored);
    }

    [Fact]
    public void A_vcpu_frozen_by_one_listener_is_resumed_by_any_response_of_the_next()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        using (var first = new Listener(host, Hosts.Guest, ChannelPreference.Ring))
        {
            first.Monitor.MonitorCpuid(true);
            host[Hosts.Guest].VCpus[1].RunAsync(GuestAction.Cpuid(0));
            first.Next();
            first.Monitor.Disable();
        }

        using var second = new Listener(host, Hosts.Guest, ChannelPreference.Ring);
        second.Monitor.MonitorGuestRequest(enable: true, sync: true, allowUserspace: false);
        host[Hosts.Guest].VCpus[0].RunAsync(GuestAction.GuestRequest());
        second.Answer(second.Next(), compose: (_, response) => response.Set(VmEventField.VCpuId, 1));
        Hosts.Until(() => !host[Hosts.Guest].VCpus[1].IsPaused);
        Assert.True(host[Hosts.Guest].VCpus[0].IsPaused);
    }

    [Theory]
    [InlineData("Version", 99u)]
    [InlineData("VCpuId", 1u)]
    [InlineData("Flags", 0u)]
    public void A_response_resumes_nobody_when_this_is_wrong(string field, uint value)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using var listener = new Listener(host, Hosts.Guest, ChannelPreference.Ring);
        listener.Monitor.MonitorCpuid(true);
        SimulatedVCpu vcpu = host[Hosts.Guest].VCpus[0];
        vcpu.RunAsync(GuestAction.Cpuid(0));
        listener.Answer(listener.Next(), compose: (_, response) => response.Set(Enum.Parse<VmEventField>(field), value));
        Assert.True(vcpu.IsPaused);
        Assert.False(vcpu.IsBlocked);
    }

    [Fact]
    public void More_responses_than_requests_bring_the_host_down()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using var listener = new Listener(host, Hosts.Guest, ChannelPreference.Ring);
        listener.Monitor.MonitorCpuid(true);
        host[Hosts.Guest].VCpus[0].RunAsync(GuestAction.Cpuid(0));
        listener.Next();
        listener.Monitor.Ring.WriteRelease(8, 2);
        Hosts.Refused(XenErrorId.HostCrashed, () => listener.Monitor.Ports.Notify(listener.Monitor.Ports.RingPort));
    }

    [Fact]
    public void More_responses_than_the_ring_holds_bring_the_host_down()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using IDomainMonitor monitor = host.Enable(ChannelPreference.Ring);
        monitor.Ring.WriteRelease(8, 9);
        Hosts.Refused(XenErrorId.HostCrashed, () => monitor.Ports.Notify(monitor.Ports.RingPort));
    }

    [Fact]
    public void A_listener_that_dies_leaves_the_monitor_enabled_and_its_vcpus_frozen()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host[Hosts.Guest];
        var listener = new Listener(host, Hosts.Guest, ChannelPreference.Ring);
        listener.Monitor.MonitorCpuid(true);
        Task done = guest.VCpus[0].RunAsync(GuestAction.Cpuid(0));
        listener.Next();
        listener.Dispose();

        Assert.True(guest.IsMonitored);
        XenException busy = Hosts.Refused(XenErrorId.MonitorBusy, () => host.Enable(ChannelPreference.Auto));
        Assert.Equal(Errno.EBUSY, busy.Errno);
        Assert.Equal(RemedyTask.ResetMonitor, busy.RemedyTask);
        guest.VCpus[1].RunAsync(GuestAction.Cpuid(0));
        Hosts.Until(() => guest.VCpus[1].IsPaused);
        guest.MonitorDisable();
        Assert.True(guest.VCpus[0].IsPaused);
        Assert.False(done.IsCompleted);
        host.Enable(ChannelPreference.Auto).Dispose();
    }
}
