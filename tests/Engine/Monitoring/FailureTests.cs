using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

public class FailureTests
{
    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_domain_that_is_destroyed_ends_its_session(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.With(Workload.Everything, vcpus: 3);
        using MonitorSession session = host.Session(channel);
        using EventSubscription seen = session.Watch(Watches.Everything);
        Hosts.Until(() => seen.Delivered > 100);
        host.Guest().Faults.DestroyAtEvent = 1;
        AssertDied(session, seen);
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_domain_that_is_destroyed_while_nothing_happens_ends_its_session(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(channel);
        using EventSubscription seen = session.Watch(Watches.Everything);
        host.Guest().Destroy();
        AssertDied(session, seen);
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_session_stopped_before_it_noticed_that_the_domain_died_says_so_all_the_same(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.With(Workload.Everything, vcpus: 2);
        using MonitorSession session = host.Session(channel);
        using EventSubscription seen = session.Watch(Watches.Everything);
        host.Guest().Destroy();
        SessionEnd end = session.Stop();
        Assert.Equal((SessionEndReason.DomainEnded, DomainState.Destroyed), (end.Reason, end.DomainState));
        Assert.Empty(end.TeardownFailures);
    }

    [Fact]
    public void A_corrupt_slot_ends_the_session_with_a_typed_error_and_frees_the_guest()
    {
        using SimulatedHypervisor host = Hosts.With(Workload.Everything, vcpus: 3);
        using MonitorSession session = host.Session(ChannelPreference.Slotted);
        using EventSubscription seen = session.Watch(Watches.Everything);
        Hosts.Until(() => seen.Delivered > 100);
        Tear(host.Guest(), session, seen);
        AssertCorrupt(session, seen);
        host.Guest().AssertFree();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(20)]
    public void A_corrupt_ring_ends_the_session_with_a_typed_error_and_frees_the_guest(int vcpus)
    {
        using SimulatedHypervisor host = Hosts.With(Workload.Everything, vcpus);
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Watch(Watches.Everything);
        Hosts.Until(() => seen.Delivered > 100);
        Tear(host.Guest(), session, seen);
        AssertCorrupt(session, seen);
        host.Guest().AssertFree();
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void Events_held_when_the_domain_is_destroyed_say_that_they_stay_unanswered_and_all_are_accounted_for(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.With(new Workload(GuestActionKind.Cpuid), vcpus: 12);
        using MonitorSession session = host.Session(channel);
        using EventSubscription held = session.Watch(Watches.For(VmEventKind.Cpuid) with { Hold = true, BufferSize = 3 });
        CpuidEvent first = held.Next<CpuidEvent>();
        Hosts.Until(() => host.Guest().VCpus.All(v => v.IsPaused || v.IsBlocked));
        host.Guest().Destroy();
        SessionEnd end = session.Stop();
        Assert.Equal(SessionEndReason.DomainEnded, end.Reason);
        Assert.Empty(end.TeardownFailures);
        Assert.Equal((null, ResponseState.Unanswered), (first.Response, first.ResponseState));
        Hosts.Refused(XenErrorId.SessionEnded, () => first.Respond(VmEventResponse.Continue));
        Assert.False(session.Release(first));
        while (held.TryTake(out VmEvent? left)) Assert.Equal((null, ResponseState.Unanswered), (left.Response, left.ResponseState));
        long raised = host.Guest().VCpus.Sum(v => v.Events);
        Assert.Equal(raised, held.Delivered + held.Dropped);
        Assert.Equal((raised, held.Dropped), (session.GetStatistics().Events, session.GetStatistics().Dropped));
        Assert.Equal(3 + 1, held.Delivered);
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_response_that_Xen_could_not_be_told_of_ends_the_session_and_is_told_at_its_end(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 4);
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel);
        using EventSubscription held = session.Watch(Watches.For(VmEventKind.Cpuid) with { Hold = true });
        Task[] all = [.. guest.VCpus.Select(v => v.RunAsync(GuestAction.Cpuid(0)))];
        VmEvent[] events = [.. guest.VCpus.Select(_ => held.Next<CpuidEvent>())];
        guest.Faults.RefuseCalls(2, Errno.EAGAIN);
        foreach (VmEvent one in events) one.Respond(VmEventResponse.Continue);
        Hosts.Until(() => session.End is not null);
        Assert.Equal((SessionEndReason.Failed, "xenevtchn_notify"), (session.End!.Reason, session.End.Failure!.Call));
        foreach (Task one in all) one.Finish();
        Assert.Equal((4, 4), (session.GetStatistics().Events, session.GetStatistics().Answered));
        guest.AssertFree();
    }

    [Fact]
    public void An_event_that_cannot_be_switched_off_leaves_no_vcpu_paused()
    {
        bool ending = false;
        using SimulatedHypervisor host = Hosts.With(new Workload(GuestActionKind.Cpuid), vcpus: 5);
        using var refusing = new RefusingHypervisor(host, call => Volatile.Read(ref ending) && call == "MonitorCpuid");
        using MonitorSession session = refusing.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.Cpuid));
        seen.Next<CpuidEvent>();
        Volatile.Write(ref ending, true);
        Assert.Contains(session.Stop().TeardownFailures, f => f.Call == "MonitorCpuid");
        host.Guest().AssertFree();
        Assert.Equal(host.Guest().VCpus.Sum(v => v.Events), session.GetStatistics().Events);
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void Waits_that_end_early_and_signals_for_nothing_change_nothing(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host.Guest();
        guest.Faults.InterruptedWaits = 200;
        guest.Faults.SpuriousSignals = 200;
        guest.Faults.SignalDelay = TimeSpan.FromMilliseconds(1);
        using MonitorSession session = host.Session(channel);
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.Cpuid));
        Task[] all = [.. guest.VCpus.Select(v => v.RunAsync([.. Enumerable.Repeat(GuestAction.Cpuid(0), 100)]))];
        foreach (Task one in all) one.Finish();
        Assert.Equal((200, null), (session.GetStatistics().Events, session.End));
    }

    [Theory]
    [InlineData(ChannelPreference.Ring, true)]
    [InlineData(ChannelPreference.Ring, false)]
    [InlineData(ChannelPreference.Slotted, true)]
    [InlineData(ChannelPreference.Slotted, false)]
    public void A_breakpoint_that_cannot_be_given_back_ends_the_session_and_the_vcpu_is_not_left_paused(ChannelPreference channel, bool hold)
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        using var refusing = new RefusingHypervisor(host, call => call == "InjectTrap");
        using MonitorSession session = refusing.Session(channel);
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.SoftwareBreakpoint, VmEventKind.Cpuid) with { Hold = hold });
        Task other = host.Guest().VCpus[1].RunAsync(GuestAction.Cpuid(0));
        if (hold) seen.Next<CpuidEvent>();
        Task stopped = host.Guest().VCpus[0].RunAsync(GuestAction.Breakpoint());
        if (hold) seen.Next<SoftwareBreakpointEvent>().Respond(VmEventResponse.Continue);
        Hosts.Until(() => session.End is not null);
        Assert.Equal((SessionEndReason.Failed, "InjectTrap"), (session.End!.Reason, session.End.Failure!.Call));
        Assert.Empty(session.End.TeardownFailures);
        stopped.Finish();
        other.Finish();
        host.Guest().AssertFree();
    }

    [Theory]
    [InlineData("SetMemAccess")]
    [InlineData("DefaultMemAccess")]
    [InlineData("MonitorCpuid")]
    [InlineData("MonitorMovToMsr")]
    [InlineData("SetAccessRequired")]
    [InlineData("GetVCpuState")]
    public void Each_step_of_giving_back_is_tried_even_when_an_earlier_one_failed(string refused)
    {
        bool ending = false;
        using SimulatedHypervisor host = Hosts.With(Workload.Everything, vcpus: 2);
        using var refusing = new RefusingHypervisor(host, call => Volatile.Read(ref ending) && call == refused);
        using MonitorSession session = refusing.Session(ChannelPreference.Auto, listenerRequired: true);
        using EventSubscription seen = session.Watch(Watches.Everything);
        using EventSubscription pages = session.Watch(Watches.Repeated(PageAccess.Write, new GfnRange(0x100, 0x10f)));
        Hosts.Until(() => session.GetStatistics().ByKind.ContainsKey(VmEventKind.MovToMsr));
        Volatile.Write(ref ending, true);
        SessionEnd end = session.Stop();
        Volatile.Write(ref ending, false);
        Assert.Contains(end.TeardownFailures.Append(end.Failure), e => e?.Call == refused);
        Assert.False(host.Guest().IsMonitored);
        foreach (SimulatedVCpu vcpu in host.Guest().VCpus) vcpu.RunAsync(GuestAction.Nop()).Finish();
    }

    [Fact]
    public void A_subscription_that_cannot_be_ended_ends_the_session()
    {
        bool ending = false;
        using SimulatedHypervisor host = Hosts.Idle();
        using var refusing = new RefusingHypervisor(host, call => Volatile.Read(ref ending) && call == "MonitorCpuid");
        using MonitorSession session = refusing.Session(ChannelPreference.Auto);
        EventSubscription seen = session.Watch(Watches.For(VmEventKind.Cpuid));
        Volatile.Write(ref ending, true);
        seen.Dispose();
        Assert.NotNull(session.End);
        Assert.True(seen.IsCompleted);
        host.Guest().AssertFree();
    }

    [Fact]
    public void A_session_that_cannot_start_leaves_the_domain_as_it_was()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using var refusing = new RefusingHypervisor(host, call => call == "SetAccessRequired");
        Assert.Throws<XenException>(() => refusing.Session(ChannelPreference.Auto, listenerRequired: true));
        host.Guest().AssertFree();
    }

    [Fact]
    public void A_domain_whose_life_cannot_be_asked_about_is_given_everything_back()
    {
        bool ending = false;
        using SimulatedHypervisor host = Hosts.With(Workload.Everything, vcpus: 2);
        using var refusing = new RefusingHypervisor(host, call => Volatile.Read(ref ending) && call is "IsDomainAlive" or "DomainState");
        using MonitorSession session = refusing.Session(ChannelPreference.Auto);
        using EventSubscription seen = session.Watch(Watches.Everything);
        Volatile.Write(ref ending, true);
        session.Stop();
        host.Guest().AssertFree();
    }

    /// <summary>Tears the channel until that was read. The next event repairs it.</summary>
    private static void Tear(SimulatedDomain guest, MonitorSession session, EventSubscription seen) => Hosts.Until(() =>
    {
        guest.Faults.TearAtEvent = 1;
        while (seen.TryTake(out _))
        {
            // The guest must not wait for this.
        }

        return session.End is not null;
    });

    private static void AssertDied(MonitorSession session, EventSubscription seen)
    {
        Hosts.Until(() => session.End is not null);
        Assert.Equal((SessionEndReason.DomainEnded, DomainState.Destroyed, null), (session.End!.Reason, session.End.DomainState, session.End.Failure));
        Assert.Empty(session.End.TeardownFailures);
        while (seen.TryTake(out _))
        {
            // Earlier events can still be taken.
        }

        Hosts.Until(() => seen.IsCompleted);
        Assert.Null(seen.Take(Timeout.InfiniteTimeSpan));
        Assert.Contains("was destroyed", Hosts.Refused(XenErrorId.SessionEnded, () => session.Watch(Watches.For(VmEventKind.Cpuid))).Message, StringComparison.Ordinal);
    }

    private static void AssertCorrupt(MonitorSession session, EventSubscription seen)
    {
        Hosts.Until(() => session.End is not null);
        Assert.Equal(SessionEndReason.Failed, session.End!.Reason);
        Assert.Equal(XenErrorId.CorruptChannel, session.End.Failure!.Id);
        Assert.NotEmpty(session.End.Failure.Remedy);
        while (seen.TryTake(out _))
        {
            // Earlier events can still be taken.
        }

        Hosts.Until(() => seen.IsCompleted);
        Assert.Equal(XenErrorId.CorruptChannel, Assert.IsType<XenException>(
            Hosts.Refused(XenErrorId.SessionEnded, () => session.Watch(Watches.For(VmEventKind.Cpuid))).InnerException).Id);
    }
}
