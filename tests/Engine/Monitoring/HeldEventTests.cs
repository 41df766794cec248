using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

public class HeldEventTests
{
    private static readonly EventWatch HeldMsr = Watches.Msrs(Msr.Lstar) with { Hold = true };

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_held_vcpu_stands_still_until_it_is_answered_and_does_as_answered(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        SimulatedVCpu vcpu = guest.VCpus[0];
        using MonitorSession session = host.Session(channel);
        using EventSubscription held = session.Watch(HeldMsr);
        ulong old = vcpu.GetMsr(Msr.Lstar);
        Task denied = vcpu.RunAsync(GuestAction.WriteMsr(Msr.Lstar, 1), GuestAction.Nop());
        MovToMsrEvent first = held.Next<MovToMsrEvent>();
        Assert.True(vcpu.IsPaused);
        Assert.Equal((null, ResponseState.Held), (first.Response, first.ResponseState));
        first.Respond(VmEventResponse.Deny);
        denied.Finish();
        Assert.Equal(old, vcpu.GetMsr(Msr.Lstar));
        Task written = vcpu.RunAsync(GuestAction.WriteMsr(Msr.Lstar, 2), GuestAction.Nop());
        held.Next<MovToMsrEvent>().Respond(VmEventResponse.Continue);
        written.Finish();
        Assert.Equal(2u, vcpu.GetMsr(Msr.Lstar));
        MonitorStatistics statistics = session.GetStatistics();
        Assert.Equal((2, 2, 0), (statistics.Held, statistics.Events, statistics.TimedOut));
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void Past_the_deadline_the_default_goes_out_and_the_event_says_so(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel, Watches.Soon);
        session.SetDefaultResponse(VmEventKind.MovToMsr, VmEventResponse.Deny);
        using EventSubscription held = session.Watch(HeldMsr);
        ulong old = guest.VCpus[0].GetMsr(Msr.Lstar);
        Task[] both = [.. guest.VCpus.Select(v => v.RunAsync(GuestAction.WriteMsr(Msr.Lstar, 1), GuestAction.Nop()))];
        foreach (Task one in both) one.Finish();
        Assert.Equal(old, guest.VCpus[1].GetMsr(Msr.Lstar));
        for (int i = 0; i < 2; i++)
        {
            MovToMsrEvent late = held.Next<MovToMsrEvent>();
            Assert.Equal((VmEventResponse.Deny, ResponseState.TimedOut), (late.Response, late.ResponseState));
            Hosts.Refused(XenErrorId.AlreadyAnswered, () => late.Respond(VmEventResponse.Continue));
        }

        Assert.Equal((2, 2, 0), (session.GetStatistics().Held, session.GetStatistics().TimedOut, session.GetStatistics().Dropped));
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void Released_by_its_consumer_its_watch_or_its_session_it_gets_the_default(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedVCpu vcpu = host.Guest().VCpus[0];
        using MonitorSession session = host.Session(channel);
        EventSubscription held = session.Watch(HeldMsr);
        for (ulong way = 1; way <= 3; way++)
        {
            Task written = vcpu.RunAsync(GuestAction.WriteMsr(Msr.Lstar, way), GuestAction.Nop());
            MovToMsrEvent one = held.Next<MovToMsrEvent>();
            switch (way)
            {
                case 1:
                    Assert.True(session.Release(one));
                    Assert.False(session.Release(one));
                    break;
                case 2:
                    held.Dispose();
                    held = session.Watch(HeldMsr);
                    break;
                default:
                    session.Stop();
                    break;
            }

            written.Finish();
            Assert.Equal((VmEventResponse.Continue, ResponseState.Released), (one.Response, one.ResponseState));
            Assert.Equal(way, vcpu.GetMsr(Msr.Lstar));
        }
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void An_event_that_another_holds_stays_held_when_one_of_them_leaves(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(channel);
        using EventSubscription stays = session.Watch(HeldMsr);
        using EventSubscription looks = session.Watch(Watches.Msrs(Msr.Lstar));
        EventSubscription leaves = session.Watch(HeldMsr);
        Task written = host.Guest().VCpus[0].RunAsync(GuestAction.WriteMsr(Msr.Lstar, 1), GuestAction.Nop());
        MovToMsrEvent one = leaves.Next<MovToMsrEvent>();
        Assert.Same(one, looks.Next<MovToMsrEvent>());
        leaves.Dispose();
        Assert.Equal(ResponseState.Held, one.ResponseState);
        stays.Next<MovToMsrEvent>().Respond(VmEventResponse.Continue);
        written.Finish();
        Assert.Equal(ResponseState.Given, one.ResponseState);
    }

    [Fact]
    public void Held_events_of_many_vcpus_are_answered_in_any_order()
    {
        const int VCpus = 16;
        using SimulatedHypervisor host = Hosts.Idle(VCpus);
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        using EventSubscription held = session.Watch(HeldMsr);
        Task[] all = [.. guest.VCpus.Select(v => v.RunAsync(GuestAction.WriteMsr(Msr.Lstar, (ulong)v.Id), GuestAction.Nop()))];

        // The ring has room for 8: the others come once some of these are answered.
        var events = new Stack<MovToMsrEvent>();
        for (int i = 0; i < VCpus; i++)
        {
            events.Push(held.Next<MovToMsrEvent>());
            if (events.Count == 8) events.Pop().Respond(VmEventResponse.Continue);
        }

        foreach (MovToMsrEvent one in events) one.Respond(VmEventResponse.Continue);
        foreach (Task one in all) one.Finish();
        Assert.All(guest.VCpus, v => Assert.Equal((ulong)v.Id, v.GetMsr(Msr.Lstar)));
    }
}
