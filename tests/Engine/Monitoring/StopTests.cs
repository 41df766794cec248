using FsCheck.Fluent;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

public class StopTests
{
    [Fact]
    public void Stopped_at_any_moment_the_guest_is_as_it_was_and_can_be_watched_again() => Properties.Hold(
        from vcpus in Gen.Choose(1, 10)
        from channel in Gen.Elements(ChannelPreference.Ring, ChannelPreference.Slotted)
        from version in Gen.Choose(VmEventLayout.OldestVersion, VmEventLayout.NewestVersion)
        from events in Gen.Choose(0, 300)
        from hold in Gen.Elements(true, false)
        from bufferSize in Gen.Elements(1, 5, 4096)
        from way in Gen.Choose(0, 2)
        select (vcpus, channel, version, events, hold, bufferSize, way),
        30,
        one =>
        {
            (int vcpus, ChannelPreference channel, int version, int events, bool hold, int bufferSize, int way) = one;
            using SimulatedHypervisor host = Hosts.With(
                Workload.Everything, vcpus, roundsPerSecond: 500, options: new SimulationOptions { InterfaceVersion = version, Seed = events });
            SimulatedDomain guest = host.Guest();
            using MonitorSession session = host.Session(channel, listenerRequired: hold);
            EventSubscription seen = session.Watch(Watches.Everything with { Hold = hold, BufferSize = bufferSize });
            EventSubscription again = session.Watch(Watches.Repeated(PageAccess.Write, new GfnRange(0x100, 0x10f)));
            for (int i = 0; i < events; i++)
            {
                VmEvent? next = seen.Take(Listener.Patience);
                Assert.NotNull(next);

                // The last ones, each of another vCPU, are still held when it stops.
                if (hold && i < events - Math.Min(vcpus, 3)) next.Respond(VmEventResponse.Continue);
            }

            if (way == 1) seen.Dispose();
            SessionEnd end = session.Stop();
            if (way == 2) again.Dispose();
            Assert.Equal((SessionEndReason.Stopped, null), (end.Reason, end.Failure));
            Assert.Empty(end.TeardownFailures);
            Assert.Same(end, session.Stop());
            Assert.True(seen.IsCompleted || seen.TryTake(out _));
            guest.AssertFree();
            MonitorStatistics statistics = session.GetStatistics();
            Assert.Equal(statistics.Events, statistics.Answered);

            using MonitorSession second = host.Session(channel);
            using EventSubscription cpuid = second.Watch(Watches.For(VmEventKind.Cpuid));
            cpuid.Next<CpuidEvent>();
            second.Stop();
            guest.AssertFree();
        });

    [Fact]
    public void Stopped_while_a_watch_of_many_pages_comes_or_goes_all_pages_get_their_rights_back()
    {
        for (int i = 0; i < 10; i++)
        {
            using var host = new SimulatedHypervisor(new SimulationOptions
            {
                Domains = [new() { Id = 5, Name = Hosts.Guest, Pages = 100_000, Workload = Workload.Idle }],
            });
            using MonitorSession session = host.Session(ChannelPreference.Auto);
            EventSubscription first = session.Watch(Watches.Pages(PageAccess.Write));
            using var together = new Barrier(2);
            bool comes = i % 2 == 0;
            Task other = Task.Factory.StartNew(
                () =>
                {
                    together.SignalAndWait();
                    if (!comes) first.Dispose();
                    else if (Record.Exception(() => session.Watch(Watches.Pages(PageAccess.Execute))) is XenException e) Assert.Equal(XenErrorId.SessionEnded, e.Id);
                },
                TaskCreationOptions.LongRunning);
            together.SignalAndWait();
            Assert.Empty(session.Stop().TeardownFailures);
            other.Finish();
            host.Guest().AssertFree();
        }
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_register_write_that_waits_for_its_answer_when_the_session_stops_is_done(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel);
        using EventSubscription held = session.Watch(Watches.ControlRegisters(ControlRegister.CR3) with { Hold = true });
        Task[] both = [.. guest.VCpus.Select(v => v.RunAsync(GuestAction.WriteControlRegister(ControlRegister.CR3, 0x7000), GuestAction.Nop()))];
        held.Next<WriteControlRegisterEvent>();
        held.Next<WriteControlRegisterEvent>();
        session.Stop();
        foreach (Task one in both) one.Finish();
        Assert.All(guest.VCpus, v => Assert.Equal(0x7000u, v.GetControlRegister(ControlRegister.CR3)));
    }

    [Fact]
    public void A_consumer_that_throws_leaves_nothing_behind()
    {
        using SimulatedHypervisor host = Hosts.With(Workload.Everything, vcpus: 2);
        Assert.Throws<InvalidTimeZoneException>(Consume);
        host.Guest().AssertFree();

        void Consume()
        {
            using MonitorSession session = host.Session(ChannelPreference.Auto);
            using EventSubscription seen = session.Watch(Watches.Everything with { Hold = true });
            seen.Take(Listener.Patience);
            throw new InvalidTimeZoneException();
        }
    }

    [Fact]
    public void Once_stopped_a_session_refuses_everything_but_its_statistics()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        Assert.Null(session.End);
        session.Stop();
        Assert.NotNull(session.End);
        Hosts.Refused(XenErrorId.SessionEnded, () => session.Watch(Watches.For(VmEventKind.Cpuid)));
        Hosts.Refused(XenErrorId.SessionEnded, () => session.SetDefaultResponse(VmEventKind.Cpuid, VmEventResponse.Continue));
        Assert.Equal(0, session.GetStatistics().Events);
    }

    [Fact]
    public void Two_sessions_of_one_domain_do_not_go_together_and_the_first_is_not_disturbed()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.Cpuid));
        foreach (ChannelPreference channel in Enum.GetValues<ChannelPreference>())
            Hosts.Refused(XenErrorId.MonitorBusy, () => host.Session(channel));
        host.Guest().Run(GuestAction.Cpuid(0));
        seen.Next<CpuidEvent>();
    }
}
