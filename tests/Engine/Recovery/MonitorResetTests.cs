using XenVmEvent.Hypervisor;
using XenVmEvent.Recovery;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Monitoring;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Recovery;

public sealed class MonitorResetTests
{
    [Theory]
    [InlineData(ChannelPreference.Ring, 1)]
    [InlineData(ChannelPreference.Ring, 2)]
    [InlineData(ChannelPreference.Ring, 8)]
    [InlineData(ChannelPreference.Slotted, 1)]
    [InlineData(ChannelPreference.Slotted, 12)]
    public void VCpus_that_a_dead_listener_left_paused_run_again(ChannelPreference channel, int vcpus)
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus);
        SimulatedDomain guest = host.Guest();
        using (IDomainMonitor monitor = host.Enable(channel))
        {
            monitor.MonitorCpuid(true);
            Task[] stuck = [.. guest.VCpus.Select(v => v.RunAsync(GuestAction.Cpuid(1)))];
            Hosts.Until(() => guest.VCpus.All(v => v.IsPaused));
            Assert.DoesNotContain(stuck, t => t.IsCompleted);
        }

        MonitorResetReport report = MonitorReset.Run(host, guest.Identity);

        Assert.True(report.WasMonitored);
        Assert.Equal(Enumerable.Range(0, vcpus).Select(v => (uint)v), report.FrozenVCpus);
        Assert.Empty(report.StillFrozenVCpus);
        guest.AssertFree();
    }

    [Fact]
    public void Pages_that_a_dead_listener_left_restricted_can_be_used_again()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host.Guest();
        using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
        {
            monitor.SetAccessRequired(true);
            monitor.DefaultMemAccess = MemAccess.RX;
            monitor.SetMemAccess(MemAccess.RX, 0, (uint)monitor.MaximumGfn + 1);
            _ = guest.VCpus[1].RunAsync(GuestAction.WritePage(0x200, 0, 7));
            Hosts.Until(() => guest.VCpus[1].IsPaused);
        }

        MonitorResetReport report = MonitorReset.Run(host, guest.Identity);

        Assert.True(report.PageAccessRestored);
        Assert.Empty(report.Failures);
        Assert.Equal([1u], report.FrozenVCpus);
        for (ulong gfn = 0; gfn <= guest.Pages.MaximumGfn; gfn++) guest.Run(GuestAction.WritePage(gfn, 0, 1));
        guest.AssertFree();
    }

    [Fact]
    public void A_guest_whose_page_tables_have_no_memory_left_is_freed_each_time()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2, new SimulationOptions(), pageTables: 1);
        SimulatedDomain guest = host.Guest();
        for (int times = 0; times < 2; times++)
        {
            Task[] stuck;
            using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
            {
                monitor.MonitorCpuid(true);
                monitor.SetMemAccess(MemAccess.RX, 0x200, 1);
                Hosts.Refused(XenErrorId.OutOfMemory, () => monitor.SetMemAccess(MemAccess.RX, 0, (uint)monitor.MaximumGfn + 1));
                stuck = [guest.VCpus[0].RunAsync(GuestAction.WritePage(0x200, 0, 7)), guest.VCpus[1].RunAsync(GuestAction.Cpuid(1))];
                Hosts.Until(() => guest.VCpus.All(v => v.IsPaused));
            }

            MonitorResetReport report = MonitorReset.Run(host, guest.Identity);

            Assert.True(report.PageAccessRestored);
            Assert.Empty(report.Failures);
            Assert.Empty(report.StillFrozenVCpus);
            foreach (Task task in stuck) task.Finish();
            guest.AssertFree();
        }
    }

    [Theory]
    [InlineData(nameof(IDomainMonitor.DefaultMemAccess))]
    [InlineData(nameof(IDomainSettings.SetAccessRequired))]
    [InlineData(nameof(IDomainSettings.SetSingleStep))]
    [InlineData(nameof(IDomainSettings.AltP2m))]
    public void A_step_that_fails_is_told_and_the_others_are_done(string step)
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host.Guest();
        using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
        {
            monitor.MonitorCpuid(true);
            monitor.SetAccessRequired(true);
            monitor.DefaultMemAccess = MemAccess.RX;
            monitor.AltP2m.IsActive = true;
            monitor.AltP2m.SwitchToView(monitor.AltP2m.CreateView(MemAccess.Rwx));
            _ = guest.VCpus[1].RunAsync(GuestAction.Cpuid(1));
            Hosts.Until(() => guest.VCpus[1].IsPaused);
            monitor.SetSingleStep(0, enable: true);
        }

        using RefusingHypervisor refusing = new(host, call => call == step);
        MonitorResetReport report = MonitorReset.Run(refusing, guest.Identity);

        Assert.Equal(Errno.EIO, Assert.Single(report.Failures).Errno);
        Assert.Empty(report.StillFrozenVCpus);
        Assert.False(guest.IsMonitored);
        Assert.Equal(step is nameof(IDomainMonitor.DefaultMemAccess) ? MemAccess.RX : MemAccess.Rwx, guest.DefaultMemAccess);
        Assert.Equal(step is nameof(IDomainSettings.SetAccessRequired), guest.Pages.ListenerRequired);
        Assert.Equal(step is nameof(IDomainSettings.SetSingleStep), guest.VCpus[0].IsSingleStepping);
        Assert.Equal(step is nameof(IDomainSettings.AltP2m), guest.HasViews);
        Assert.Equal(step is not (nameof(IDomainMonitor.DefaultMemAccess) or nameof(IDomainSettings.SetAccessRequired)), report.PageAccessRestored);
    }

    [Fact]
    public void Views_and_stepping_that_a_dead_listener_left_are_ended()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host.Guest();
        using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
        {
            monitor.AltP2m.IsActive = true;
            monitor.AltP2m.SwitchToView(monitor.AltP2m.CreateView(MemAccess.Rwx));
            monitor.SetSingleStep(1, enable: true);
        }

        MonitorReset.Run(host, guest.Identity);

        Assert.False(guest.HasViews);
        Assert.All(guest.VCpus, v => Assert.Equal((0, false), (v.View, v.IsSingleStepping)));
        guest.AssertFree();
    }

    [Fact]
    public void Where_pages_cannot_be_restricted_the_vCPUs_are_freed_all_the_same()
    {
        using SimulatedHypervisor host = Hosts.Idle(options: new SimulationOptions { HasExtendedPageTables = false });
        SimulatedDomain guest = host.Guest();
        using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
        {
            monitor.MonitorCpuid(true);
            _ = guest.VCpus[0].RunAsync(GuestAction.Cpuid(1));
            Hosts.Until(() => guest.VCpus[0].IsPaused);
        }

        Assert.False(MonitorReset.Run(host, guest.Identity).PageAccessRestored);
        guest.AssertFree();
    }

    [Fact]
    public void A_guest_that_nobody_left_behind_is_none_the_worse()
    {
        using SimulatedHypervisor host = Hosts.With(Workload.Everything, vcpus: 2);
        SimulatedDomain guest = host.Guest();
        guest.Start();

        MonitorResetReport report = MonitorReset.Run(host, guest.Identity);

        Assert.False(report.WasMonitored);
        Assert.Empty(report.FrozenVCpus);
        guest.AssertFree();
    }

    [Fact]
    public void VCpus_frozen_by_a_disable_alone_are_freed()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
        {
            monitor.MonitorCpuid(true);
            _ = guest.VCpus[0].RunAsync(GuestAction.Cpuid(1));
            Hosts.Until(() => guest.VCpus[0].IsPaused);
            monitor.Disable();
        }

        Assert.True(guest.VCpus[0].IsPaused);
        MonitorResetReport report = MonitorReset.Run(host, guest.Identity);
        Assert.False(report.WasMonitored);
        Assert.Equal([0u], report.FrozenVCpus);
        guest.AssertFree();
    }

    [Fact]
    public void VCpus_that_wait_for_room_in_a_dead_ring_are_reported_and_nothing_is_changed()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 12);
        SimulatedDomain guest = host.Guest();
        using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
        {
            monitor.MonitorCpuid(true);
            foreach (SimulatedVCpu vcpu in guest.VCpus) _ = vcpu.RunAsync(GuestAction.Cpuid(1));
            Hosts.Until(() => guest.VCpus.All(v => v.IsPaused || v.IsBlocked));
        }

        XenException error = Hosts.Refused(XenErrorId.CallFailed, () => MonitorReset.Run(host, guest.Identity));
        Assert.Equal(Errno.EBUSY, error.Errno);
        Assert.True(guest.IsMonitored);
    }

    [Fact]
    public void Dom0_and_a_domain_that_is_gone_are_refused()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        Hosts.Refused(XenErrorId.DomainNotSupported, () => MonitorReset.Run(host, host.FindDomain("0")));
        XenDomain gone = host.Guest().Identity;
        host.Guest().Destroy();
        Hosts.Refused(XenErrorId.DomainNotFound, () => MonitorReset.Run(host, gone));
    }
}
