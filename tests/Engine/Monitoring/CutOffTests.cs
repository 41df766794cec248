using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Recovery;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>A session whose monitor somebody else disables.</summary>
public sealed class CutOffTests
{
    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_reset_from_outside_ends_the_session_with_a_reason(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        using MonitorSession session = host.Session(channel);
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.Cpuid));

        MonitorReset.Run(host, host.Guest().Identity);

        Hosts.Until(() => session.End is not null);
        AssertCutOff(session.End!);
        Assert.True(seen.IsCompleted);
        host.Guest().AssertFree();
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void The_next_listener_is_left_alone(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel, listenerRequired: true);
        using EventSubscription mine = session.Watch(new EventWatch
        {
            Kinds = [VmEventKind.Cpuid, VmEventKind.MemAccess],
            Pages = new PageWatch { Access = PageAccess.Write, Ranges = [new GfnRange(0x200, 0x200)] },
        });
        guest.MonitorDisable();
        using MonitorSession next = host.Session(channel, listenerRequired: true);
        using EventSubscription theirs = next.Watch(new EventWatch
        {
            Kinds = [VmEventKind.Cpuid, VmEventKind.MemAccess],
            Pages = new PageWatch { Access = PageAccess.Write, Ranges = [new GfnRange(0x200, 0x200)] },
        });

        AssertCutOff(session.Stop());

        Assert.Null(next.End);
        Assert.True(guest.Pages.ListenerRequired);
        Task cpuid = guest.VCpus[0].RunAsync(GuestAction.Cpuid(1), GuestAction.WritePage(0x200, 0, 1));
        theirs.Next<CpuidEvent>();
        theirs.Next<MemAccessEvent>();
        cpuid.Finish();
        Assert.Equal(SessionEndReason.Stopped, next.Stop().Reason);

        // The page was restricted when the next listener came. It stays so until its first touch.
        guest.Run(GuestAction.WritePage(0x200, 0, 1));
        guest.AssertFree();
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void Where_nobody_listens_a_vCPU_that_waits_for_its_answer_runs_on(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel, listenerRequired: true);
        using EventSubscription seen = session.Watch(new EventWatch { Kinds = [VmEventKind.Cpuid], Hold = true });
        Task cpuid = guest.VCpus[1].RunAsync(GuestAction.Cpuid(1));
        CpuidEvent held = seen.Next<CpuidEvent>();
        guest.MonitorDisable();

        Hosts.Until(() => session.End is not null);

        AssertCutOff(session.End!);
        cpuid.Finish();
        Assert.Equal(ResponseState.Unanswered, held.ResponseState);
        Assert.False(guest.Pages.ListenerRequired);
        guest.AssertFree();
    }

    private static void AssertCutOff(SessionEnd end)
    {
        Assert.Equal((SessionEndReason.Failed, XenErrorId.SessionEnded), (end.Reason, end.Failure!.Id));
        Assert.Empty(end.TeardownFailures);
    }
}
