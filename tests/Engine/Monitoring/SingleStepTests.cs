using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

public class SingleStepTests
{
    private static readonly GuestAction[] Three = [GuestAction.Nop(), GuestAction.Cpuid(0), GuestAction.WritePage(0x180, 0, 1)];

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void The_vcpus_named_step_and_no_other(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 3);
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel);
        EventSubscription seen = session.Watch(Stepping(0, 2, 0));
        RunOnAll(guest);
        List<SingleStepEvent> steps = [];
        while (seen.TryTake(out VmEvent? one)) steps.Add(Assert.IsType<SingleStepEvent>(one));
        Assert.Equal([0u, 0u, 0u, 2u, 2u, 2u], steps.Select(s => s.VCpu).Order());
        Assert.Equal([GuestCode.AddressOf(Three[0]) + 1, GuestCode.AddressOf(Three[1]) + 2, GuestCode.AddressOf(Three[2]) + 4], steps.Where(s => s.VCpu == 0).Select(s => s.InstructionPointer));
        Assert.All(steps, s => Assert.Equal(GuestCode.GfnOf(s.InstructionPointer), s.Gfn));
        seen.Dispose();
        AssertNoneSteps(guest);
        RunOnAll(guest);
        Assert.Equal(6, session.GetStatistics().Events);
    }

    [Fact]
    public void Steps_are_counted_by_watch_and_each_sees_those_of_its_vcpus()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        EventSubscription both = session.Watch(Stepping(0, 1));
        using EventSubscription one = session.Watch(Stepping(1));
        using EventSubscription any = session.Watch(Watches.For(VmEventKind.SingleStep));
        RunOnAll(guest);
        Assert.Equal((6, 3, 6), (Count(both), Count(one), Count(any)));
        both.Dispose();
        Assert.Equal([false, true], guest.VCpus.Select(v => v.IsSingleStepping));
        RunOnAll(guest);
        Assert.Equal((3, 3), (Count(one), Count(any)));
        one.Dispose();
        AssertNoneSteps(guest);
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void No_vcpu_steps_on_when_the_session_ends_whoever_made_it_step(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.With(Workload.Everything, vcpus: 4);
        SimulatedDomain guest = host.Guest();
        using (MonitorSession session = host.Session(channel))
        {
            EventSubscription seen = session.Watch(Stepping(0, 3));
            seen.Next<SingleStepEvent>();

            // As an answer does.
            guest.VCpus[1].SetSingleStep(true);
            Hosts.Until(() => seen.Delivered > 100);
        }

        AssertNoneSteps(guest);
        guest.AssertFree();
    }

    [Fact]
    public void Stepping_that_an_answer_began_ends_with_the_last_watch_of_steps()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        EventSubscription seen = session.Watch(Watches.For(VmEventKind.SingleStep));
        guest.VCpus[1].SetSingleStep(true);
        RunOnAll(guest);
        Assert.Equal(3, Count(seen));
        seen.Dispose();
        AssertNoneSteps(guest);
    }

    [Fact]
    public void What_cannot_step_is_refused_and_nothing_is_changed()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        Hosts.Refused(XenErrorId.InvalidVCpu, () => session.Watch(Stepping(0, 2)));
        Assert.False(host.Guest().Settings.SingleStep);
        AssertNoneSteps(host.Guest());
        using SimulatedHypervisor amd = Hosts.Idle(options: new SimulationOptions { HasExtendedPageTables = false });
        using MonitorSession other = amd.Session(ChannelPreference.Auto);
        Hosts.Refused(XenErrorId.NotSupported, () => other.Watch(Stepping(0)));
    }

    [Fact]
    public void Stepping_that_Xen_refuses_half_way_leaves_none_stepping()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 3);
        int calls = 0;
        var refusing = new RefusingHypervisor(host, call => call == nameof(IDomainMonitor.SetSingleStep) && ++calls == 3);
        using MonitorSession session = refusing.Session(ChannelPreference.Auto);
        Hosts.Refused(XenErrorId.CallFailed, () => session.Watch(Stepping(0, 1, 2)));
        Assert.False(host.Guest().Settings.SingleStep);
        AssertNoneSteps(host.Guest());
        Assert.Null(session.End);
    }

    private static EventWatch Stepping(params uint[] vcpus) => Watches.For(VmEventKind.SingleStep) with { SteppedVCpus = vcpus };

    private static void RunOnAll(SimulatedDomain guest) => Task.WhenAll(guest.VCpus.Select(v => v.RunAsync(Three))).Finish();

    private static void AssertNoneSteps(SimulatedDomain guest) => Assert.DoesNotContain(guest.VCpus, v => v.IsSingleStepping);

    private static int Count(EventSubscription subscription)
    {
        int count = 0;
        while (subscription.TryTake(out _)) count++;
        return count;
    }
}
