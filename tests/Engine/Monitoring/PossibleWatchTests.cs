using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>What can be refused before there is a session is what a session refuses.</summary>
public class PossibleWatchTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Asking_refuses_what_watching_refuses_and_touches_nothing(bool hasPages)
    {
        using SimulatedHypervisor host = Hosts.Idle(options: new SimulationOptions { HasExtendedPageTables = hasPages });
        XenDomain domain = host.FindDomain(Hosts.Guest);
        foreach (EventWatch watch in (EventWatch[])[.. Enum.GetValues<VmEventKind>().Except([VmEventKind.MemAccess]).Select(WatchOf), Watches.Pages(PageAccess.Write), Watches.Pages(PageAccess.None)])
        {
            XenErrorId? asked = Refusal(() => MonitorSession.EnsurePossible(host, domain, watch));
            Assert.False(host.Guest().IsMonitored);
            using MonitorSession session = host.Session(ChannelPreference.Ring);
            Assert.Equal(Refusal(() => session.Watch(watch).Dispose()), asked);
        }
    }

    private static EventWatch WatchOf(VmEventKind kind) => Watches.For(kind) with { Msrs = [Msr.Lstar] };

    private static XenErrorId? Refusal(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (XenException e)
        {
            return e.Id;
        }
    }
}
