using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Recovery;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Monitoring;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Recovery;

/// <summary>
/// The guard's side, with a listener that dies in this process: it releases everything and says nothing.
/// </summary>
public sealed class GuardTests
{
    [Theory]
    [InlineData(ChannelPreference.Ring, 1)]
    [InlineData(ChannelPreference.Ring, 2)]
    [InlineData(ChannelPreference.Ring, 8)]
    [InlineData(ChannelPreference.Ring, 20)]
    [InlineData(ChannelPreference.Slotted, 4)]
    public void When_its_listener_dies_every_vcpu_runs_on(ChannelPreference channel, int vcpus)
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus);
        SimulatedDomain guest = host.Guest();
        using GuardThread guard = new(host);
        using (IDomainMonitor monitor = host.Enable(channel))
        {
            guard.Tell(GuardState.Enabled(channel == ChannelPreference.Ring));
            guard.Tell(GuardState.Switched(VmEventKind.Cpuid, 0, on: true));
            monitor.MonitorCpuid(true);
            foreach (SimulatedVCpu vcpu in guest.VCpus) _ = vcpu.RunAsync(GuestAction.Cpuid(1));
            Hosts.Until(() => guest.VCpus.All(v => v.IsPaused || v.IsBlocked));
        }

        Assert.Empty(guard.LoseListener());
        guest.AssertFree();
    }

    [Fact]
    public void A_register_write_that_waits_for_its_answer_is_not_lost()
    {
        using SimulatedHypervisor host = Hosts.Idle(options: new SimulationOptions { InterfaceVersion = 5 });
        SimulatedDomain guest = host.Guest();
        using GuardThread guard = new(host);
        Task write;
        using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
        {
            guard.Tell(GuardState.Enabled(isRing: true));
            guard.Tell(GuardState.Switched(VmEventKind.MovToMsr, Msr.Lstar, on: true));
            monitor.MonitorMovToMsr(Msr.Lstar, enable: true, onChangeOnly: false);
            write = guest.VCpus[0].RunAsync(GuestAction.WriteMsr(Msr.Lstar, 0x1234));
            Hosts.Until(() => guest.VCpus[0].IsPaused);
        }

        Assert.Empty(guard.LoseListener());
        write.Finish();
        Assert.Equal(0x1234u, guest.VCpus[0].GetMsr(Msr.Lstar));
        guest.AssertFree();
    }

    [Fact]
    public void Pages_and_views_go_back()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host.Guest();
        using GuardThread guard = new(host);
        using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
        {
            guard.Tell(GuardState.Enabled(isRing: true));
            guard.Tell(GuardState.Restricted(new GfnRange(0, monitor.MaximumGfn), MemAccess.Rwx));
            guard.Tell(GuardState.Required(true));
            guard.Tell(GuardState.ViewsActive(true));
            monitor.SetAccessRequired(true);
            monitor.DefaultMemAccess = MemAccess.RX;
            monitor.SetMemAccess(MemAccess.RX, 0, (uint)monitor.MaximumGfn + 1);
            monitor.AltP2m.IsActive = true;
            ushort view = monitor.AltP2m.CreateView(MemAccess.Rwx);
            guard.Tell(GuardState.View(view, exists: true));
            monitor.AltP2m.SwitchToView(view);
            _ = guest.VCpus[1].RunAsync(GuestAction.WritePage(0x200, 0, 7));
            Hosts.Until(() => guest.VCpus[1].IsPaused);
        }

        Assert.Empty(guard.LoseListener());
        guest.AssertFree();
    }

    [Fact]
    public void Pages_go_back_and_none_is_populated()
    {
        using SimulatedHypervisor host = new(new SimulationOptions
        {
            Domains = [new() { Id = 5, Name = Hosts.Guest, Workload = Workload.Idle, OnDemand = (0x400, 0x7ff) }],
        });
        SimulatedDomain guest = host.Guest();
        using GuardThread guard = new(host);
        using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
        {
            guard.Tell(GuardState.Enabled(isRing: true));
            guard.Tell(GuardState.Restricted(new GfnRange(0, monitor.MaximumGfn), MemAccess.Rwx));
            monitor.DefaultMemAccess = MemAccess.RX;
            monitor.SetMemAccess(MemAccess.RX, 0, 0x400);
            guest.VCpus[0].RunAsync(GuestAction.ReadPage(0x410)).Finish();
        }

        Assert.Empty(guard.LoseListener());
        Assert.Equal(0x3ff, guest.PagesOnDemand);
        guest.AssertFree();
    }

    [Fact]
    public void After_an_orderly_end_it_does_nothing()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using GuardThread guard = new(host);
        using IDomainMonitor other = host.Enable(ChannelPreference.Ring);
        guard.Tell(GuardState.Enabled(isRing: true));
        guard.Leave();
        Assert.Empty(guard.LoseListener());
        Assert.True(host.Guest().IsMonitored);
    }

    [Fact]
    public void A_listener_that_never_had_the_monitor_leaves_nothing_to_do()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using GuardThread guard = new(host);
        using IDomainMonitor other = host.Enable(ChannelPreference.Ring);
        Assert.Empty(guard.LoseListener());
        Assert.True(host.Guest().IsMonitored);
    }

    [Fact]
    public void One_that_comes_late_frees_the_guest_all_the_same()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host.Guest();
        using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
        {
            monitor.MonitorCpuid(true);
            _ = guest.VCpus[1].RunAsync(GuestAction.Cpuid(1));
            Hosts.Until(() => guest.VCpus[1].IsPaused);
        }

        using GuardThread guard = new(host, late: true);
        guard.Tell(GuardState.Enabled(isRing: true));
        Assert.Empty(guard.LoseListener());
        guest.AssertFree();
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public void A_busy_session_that_dies_at_any_moment_leaves_no_vcpu_behind()
    {
        for (int seed = 0; seed < 30; seed++)
        {
            using SimulatedHypervisor host = Hosts.With(Workload.Everything, vcpus: 1 + (seed % 11));
            SimulatedDomain guest = host.Guest();
            using GuardThread guard = new(host);
            using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
            using (Listener listener = new(host, monitor))
            {
                guard.Tell(GuardState.Enabled(isRing: true));
                guard.Tell(GuardState.Switched(VmEventKind.Cpuid, 0, on: true));
                guard.Tell(GuardState.Switched(VmEventKind.GuestRequest, 0, on: true));
                guard.Tell(GuardState.Restricted(new GfnRange(0x100, 0x1ff), MemAccess.Rwx));
                monitor.MonitorCpuid(true);
                monitor.MonitorGuestRequest(true, sync: false, allowUserspace: false);
                monitor.SetMemAccess(MemAccess.RX, 0x100, 0x100);
                Random random = new(seed);
                List<Event> taken = [];
                for (int i = random.Next(200); i > 0; i--)
                {
                    if (random.Next(3) > 0 && listener.TryNext(TimeSpan.FromMilliseconds(50)) is { } seen) taken.Add(seen);
                    if (taken.Count == 0 || random.Next(3) == 0) continue;
                    int which = random.Next(taken.Count);
                    listener.Resolve(taken[which]);
                    taken.RemoveAt(which);
                }
            }

            IReadOnlyList<XenException> failures = guard.LoseListener();
            Assert.True(failures.Count == 0, $"Seed {seed}: {string.Join("; ", failures)}");
            guest.AssertFree();
        }
    }

    [Fact]
    public void A_listener_that_dies_before_it_has_resumed_the_last_vcpu_leaves_none_paused()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 3);
        SimulatedDomain guest = host.Guest();
        using GuardThread guard = new(host);
        using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
        {
            guard.Tell(GuardState.Enabled(isRing: true));
            monitor.MonitorCpuid(true);
            foreach (SimulatedVCpu vcpu in guest.VCpus) _ = vcpu.RunAsync(GuestAction.Cpuid(1));
            Hosts.Until(() => guest.VCpus.All(v => v.IsPaused));
            monitor.Disable();
            guard.Tell(GuardState.Disabled);
        }

        Assert.Empty(guard.LoseListener());
        guest.AssertFree();
    }

    [Fact]
    public void A_guest_that_does_not_run_for_another_reason_is_not_reset()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host.Guest();
        using PausedHypervisor paused = new(host);
        using GuardThread guard = new(paused, guest.Identity);
        using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
        {
            guard.Tell(GuardState.Enabled(isRing: true));
            guard.Tell(GuardState.Switched(VmEventKind.Cpuid, 0, on: true));
            monitor.MonitorCpuid(true);

            // Not the listener's: it has told of no page.
            monitor.SetMemAccess(MemAccess.RX, 0x300, 1);
        }

        Assert.Empty(guard.LoseListener());
        Assert.False(guest.IsMonitored);
        Assert.Equal(MemAccess.RX, guest.Pages[0x300]);
        Assert.Equal(0, paused.Resets);
    }

    [Fact]
    public void What_it_is_told_can_be_told_on()
    {
        string[] lines =
        [
            GuardState.Enabled(isRing: true),
            GuardState.Required(true),
            GuardState.Restricted(new GfnRange(5, 9), MemAccess.RX),
            GuardState.ViewsActive(true),
            GuardState.View(1, exists: true),
            GuardState.View(2, exists: true),
            GuardState.Switched(VmEventKind.MovToMsr, 0xc0000082, on: true),
            GuardState.Switched(VmEventKind.Cpuid, 0, on: true),
            GuardState.View(1, exists: false),
            GuardState.Switched(VmEventKind.Cpuid, 0, on: false),
        ];
        GuardState first = new();
        foreach (string line in lines) first.Apply(line);
        GuardState second = new();
        foreach (string line in first.Lines) second.Apply(line);
        Assert.Equal(first.Lines, second.Lines);
        Assert.Equal([(VmEventKind.MovToMsr, 0xc0000082u)], second.Switches);
        Assert.Equal([2], second.Views.Select(v => (int)v));
        Assert.Equal((new GfnRange(5, 9), MemAccess.RX), (second.Pages!.Value, second.DefaultAccess));
        Assert.True(second is { IsEnabled: true, IsRing: true, IsListenerRequired: true, HasActivatedViews: true });
    }
}
