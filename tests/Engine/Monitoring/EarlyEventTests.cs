using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>
/// Events that a guest raises before its session has switched anything on, because of an earlier listener.
/// </summary>
public sealed class EarlyEventTests
{
    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_page_that_was_left_restricted_stops_no_vcpu_for_good(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host.Guest();
        using (IDomainMonitor before = host.Enable(channel))
        {
            before.SetMemAccess(MemAccess.RX, 0x200, 1);
            before.Disable();
        }

        Task? write = null;
        using EagerHypervisor eager = new(host, () =>
        {
            write = guest.VCpus[1].RunAsync(GuestAction.WritePage(0x200, 0, 7));
            Hosts.Until(() => guest.VCpus[1].IsPaused);
        });
        using MonitorSession session = MonitorSession.Start(eager, guest.Identity, new MonitorOptions { Channel = channel });

        write!.Finish();
        Assert.Equal(0, session.GetStatistics().Dropped);
        session.Stop();
        Assert.All(guest.VCpus, v => Assert.False(v.IsPaused));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(12)]
    public void A_guest_that_is_busy_on_such_pages_is_monitored_without_a_vcpu_lost(int vcpus)
    {
        for (int i = 0; i < 50; i++)
        {
            // The guest starts once it is monitored. The earlier listener would not have answered events from before.
            using SimulatedHypervisor host = new(new SimulationOptions
            {
                Domains = [new() { Id = 5, Name = Hosts.Guest, VCpus = vcpus, Workload = Workload.Everything, StartsPaused = true }],
            });
            SimulatedDomain guest = host.Guest();
            using (IDomainMonitor before = host.Enable(ChannelPreference.Ring))
            {
                before.SetMemAccess(MemAccess.RX, 0, (uint)before.MaximumGfn + 1);
                before.Disable();
            }

            using EagerHypervisor eager = new(host, guest.Start);
            using MonitorSession session = MonitorSession.Start(eager, guest.Identity, new MonitorOptions { Channel = ChannelPreference.Ring });
            Hosts.Until(() => guest.VCpus.All(v => v.Rounds > 0));

            Assert.Equal(SessionEndReason.Stopped, session.Stop().Reason);
            Assert.All(guest.VCpus, v => Assert.False(v.IsPaused));
        }
    }

    /// <summary>
    /// No vCPU is seen to run, so their answers count as lost. When the monitor is to be disabled, more vCPUs than the
    /// ring has room for raise events, and responses are made up to free the ring: they take the place of requests.
    /// Then the time for the end is over.
    /// </summary>
    [Fact]
    public void Requests_that_made_up_responses_replace_keep_no_vcpu_waiting()
    {
        const int vcpus = 12;
        bool ending = false;
        using SimulatedHypervisor host = Hosts.Idle(vcpus);
        SimulatedDomain guest = host.Guest();
        using RefusingHypervisor refusing = new(host, call =>
        {
            if (call == nameof(IDomainMonitor.InjectTrap)) Thread.Sleep(TimeSpan.FromSeconds(1));
            if (!Volatile.Read(ref ending)) return false;
            if (call == nameof(IDomainMonitor.Disable))
            {
                Volatile.Write(ref ending, false);

                // The ring has the last eight, so that what is made up for the first eight does not help all of them.
                foreach (SimulatedVCpu vcpu in guest.VCpus.Reverse())
                {
                    vcpu.RunAsync(vcpu.Id < 4 ? GuestAction.Breakpoint() : GuestAction.Cpuid(0, 0));
                    Hosts.Until(() => vcpu.IsPaused || vcpu.IsBlocked);
                }
            }

            return call is nameof(IDomainMonitor.MonitorCpuid) or nameof(IDomainMonitor.MonitorSoftwareBreakpoint);
        })
        {
            HidesProgress = true,
        };
        using MonitorSession session = MonitorSession.Start(refusing, guest.Identity, new MonitorOptions { Channel = ChannelPreference.Ring });
        using EventSubscription subscription = session.Watch(new EventWatch { Kinds = [VmEventKind.Cpuid, VmEventKind.SoftwareBreakpoint] });
        Volatile.Write(ref ending, true);

        session.Stop();
        using IDomainControl control = host.Control(guest.Identity);
        Assert.False(control.IsMonitored);
        Assert.All(guest.VCpus, v => Assert.False(v.IsPaused));
    }

    /// <summary>A host whose guest does something as soon as its monitor is enabled.</summary>
    private sealed class EagerHypervisor(SimulatedHypervisor host, Action meanwhile) : IHypervisor
    {
        public string Description => host.Description;

        public VmEventLayout Layout => host.Layout;

        public GuestArchitecture Architecture => host.Architecture;

        public IHostProbe Probe => host.Probe;

        public IReadOnlyList<XenDomain> GetDomains() => host.GetDomains();

        public IDomainMonitor EnableMonitor(XenDomain domain, ChannelPreference channel)
        {
            IDomainMonitor monitor = host.EnableMonitor(domain, channel);
            meanwhile();
            return monitor;
        }

        public IRingHandover PrepareHandover(XenDomain domain) => host.PrepareHandover(domain);

        public IDomainControl Control(XenDomain domain) => host.Control(domain);

        public IDomainMemory OpenMemory(XenDomain domain) => host.OpenMemory(domain);

        public void Dispose()
        {
        }
    }
}
