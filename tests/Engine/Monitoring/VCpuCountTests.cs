using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Recovery;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>A domain that has more vCPUs than its caller knew of.</summary>
public class VCpuCountTests
{
    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_vCPU_that_was_not_known_of_is_watched_as_the_others_are(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 3);
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = MonitorSession.Start(host, guest.Identity.WithVCpus(1), new MonitorOptions { Channel = channel });
        Assert.Equal(3, session.Domain.VCpus);
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.Cpuid));
        guest.VCpus[2].RunAsync(GuestAction.Cpuid(1)).Finish();
        Assert.Equal(2u, seen.Next<CpuidEvent>().VCpu);
        Assert.Null(session.Stop().Failure);
        guest.AssertFree();
    }

    [Fact]
    public void A_reset_frees_it_too()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 3);
        SimulatedDomain guest = host.Guest();
        using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
        {
            monitor.MonitorCpuid(true);
            _ = guest.VCpus[2].RunAsync(GuestAction.Cpuid(1));
            Hosts.Until(() => guest.VCpus[2].IsPaused);
        }

        MonitorReset.Run(host, guest.Identity.WithVCpus(1));
        guest.AssertFree();
    }
}
