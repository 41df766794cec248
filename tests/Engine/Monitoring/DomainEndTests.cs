using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>A domain that ends while it is watched but is not destroyed. It still exists when the watch ends.</summary>
public class DomainEndTests
{
    public static TheoryData<DomainState, ChannelPreference> Shutdowns()
    {
        TheoryData<DomainState, ChannelPreference> all = [];
        foreach (DomainState state in Enum.GetValues<DomainState>().Except([DomainState.Running, DomainState.Destroyed]))
        {
            all.Add(state, ChannelPreference.Ring);
            all.Add(state, ChannelPreference.Slotted);
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(Shutdowns))]
    public void A_domain_that_shuts_down_ends_its_session_and_gets_everything_back(DomainState state, ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.With(Workload.Everything, vcpus: 12);
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel, TimeSpan.FromMinutes(10), listenerRequired: true);
        using EventSubscription seen = session.Watch(Watches.Everything with { Hold = true });
        using EventSubscription pages = session.Watch(Watches.Repeated(PageAccess.Write, new GfnRange(0x100, 0x10f)));
        Hosts.Until(() => seen.Delivered > 0);
        guest.ShutDown(state);
        Hosts.Until(() => session.End is not null);
        Assert.Equal((SessionEndReason.DomainEnded, state, null), (session.End!.Reason, session.End.DomainState, session.End.Failure));
        Assert.Empty(session.End.TeardownFailures);
        Assert.True(guest.IsAlive);
        Assert.False(guest.IsMonitored);
        guest.AssertAllPagesFree();
        Assert.Null(host.Crash);
    }

    [Theory]
    [InlineData(DomainState.ShutDown, "has shut down")]
    [InlineData(DomainState.Suspended, "migrated")]
    [InlineData(DomainState.Crashed, "has crashed")]
    [InlineData(DomainState.WatchdogFired, "watchdog")]
    [InlineData(DomainState.SoftReset, "another kernel")]
    public void What_became_of_it_is_said(DomainState state, string expected)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        Assert.Null(session.ExplainDomainEnd());
        host.Guest().ShutDown(state);
        Hosts.Until(() => session.End is not null);
        XenException explained = session.ExplainDomainEnd()!;
        Assert.Equal(XenErrorId.SessionEnded, explained.Id);
        Assert.Contains(expected, explained.Message, StringComparison.Ordinal);
        Assert.Contains(expected, session.End!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_reboots_is_named_with_its_new_id()
    {
        using SimulatedHypervisor host = Hosts.With(Workload.Everything, vcpus: 2);
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        using EventSubscription seen = session.Watch(Watches.Everything);
        Hosts.Until(() => seen.Delivered > 100);
        SimulatedDomain next = host.Reboot(Hosts.Guest);
        Hosts.Until(() => session.End is not null);
        Assert.Equal((SessionEndReason.DomainEnded, DomainState.Rebooted), (session.End!.Reason, session.End.DomainState));
        XenException explained = session.ExplainDomainEnd()!;
        Assert.Contains("has rebooted", explained.Message, StringComparison.Ordinal);
        Assert.Contains(next.Identity.ToString(), explained.Remedy, StringComparison.Ordinal);

        // It is another domain, and nobody watches it unasked.
        Assert.Equal((6u, Hosts.Guest, session.Domain.Uuid), (next.Identity.Id, next.Name, next.Identity.Uuid));
        Assert.False(next.IsMonitored);
        using MonitorSession again = host.Session(ChannelPreference.Auto);
        Assert.Equal(next.Identity, again.Domain);
        using EventSubscription cpuid = again.Watch(Watches.For(VmEventKind.Cpuid));
        cpuid.Next<CpuidEvent>();
    }

    [Fact]
    public void One_that_reboots_and_does_not_come_back_is_not_waited_for()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        host.Guest().ShutDown(DomainState.Rebooted);
        Hosts.Until(() => session.End is not null);
        using CancellationTokenSource enough = new();
        enough.Cancel();
        Assert.Contains("another id", session.ExplainDomainEnd(enough.Token)!.Remedy, StringComparison.Ordinal);
        Assert.Contains("another id", session.ExplainDomainEnd()!.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void The_end_of_another_domain_changes_nothing()
    {
        using var host = new SimulatedHypervisor();
        using MonitorSession session = MonitorSession.Start(host, host["web01"].Identity);
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.Cpuid));
        host["db01"].Destroy();
        host["web01"].VCpus[0].RunAsync(GuestAction.Cpuid(0)).Finish();
        seen.Next<CpuidEvent>();
        Assert.Null(session.End);
    }

    [Fact]
    public void A_session_that_is_stopped_is_not_ended_by_what_the_domain_does_later()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        session.Stop();
        host.Guest().ShutDown(DomainState.ShutDown);
        Assert.Equal((SessionEndReason.Stopped, DomainState.Running), (session.End!.Reason, session.End.DomainState));
        Assert.Null(session.ExplainDomainEnd());
    }
}
