using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>Events at which Xen stops a vCPU before it has done anything, and would stop it again after the answer.</summary>
public class StoppedInstructionTests
{
    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_write_to_a_port_is_done_once_and_seen_once(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel);
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.Io));
        guest.Run(
            GuestAction.PortIo(0x3f8, isRead: false),
            GuestAction.PortIo(0xcf8, isRead: false, bytes: 4),
            GuestAction.PortIo(0x1f0, isRead: false, bytes: 2, isString: true));
        Assert.Equal(3, guest.VCpus[0].PortIos);
        Assert.Equal(
            [(0x3f8, 1u, false, false), (0xcf8, 4u, false, false), (0x1f0, 2u, false, true)],
            Enumerable.Range(0, 3).Select(_ => seen.Next<IoEvent>()).Select(e => ((int)e.Port, e.Bytes, e.IsIn, e.IsString)));
        Assert.Equal(3, session.GetStatistics().Events);
        Assert.True(guest.Settings.Io);
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_read_from_a_port_is_done_once_and_ports_are_watched_again_after_it(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel);
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.Io));
        for (int i = 1; i <= 3; i++)
        {
            guest.Run(GuestAction.PortIo(0x71, isRead: true));
            Assert.True(seen.Next<IoEvent>().IsIn);
            Assert.Equal(i, guest.VCpus[0].PortIos);
            Hosts.Until(() => guest.Settings.Io);
        }
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void After_an_exit_that_was_held_the_vcpu_does_what_it_left_for(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel);
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.VmExit) with { Hold = true });
        foreach ((GuestAction action, uint reason, ulong qualification) in new[]
        {
            (GuestAction.Cpuid(0), 10u, 0UL),
            (GuestAction.WriteControlRegister(ControlRegister.CR3, 0x5000), 28u, 3UL),
            (GuestAction.PortIo(0x71, isRead: true, bytes: 2), 30u, 0x71_0009UL),
            (GuestAction.Interrupt(), 1u, 0UL),
        })
        {
            Task done = guest.VCpus[0].RunAsync(action);
            VmExitEvent exit = seen.Next<VmExitEvent>();
            Assert.Equal((reason, qualification, true), ((uint)exit.Reason, exit.Qualification, exit.IsSynchronous));
            Assert.False(done.IsCompleted);
            exit.Respond(VmEventResponse.Continue);
            done.Finish();
            Hosts.Until(() => guest.Settings.VmExit);
        }

        Assert.Equal((0x5000UL, 1L), (guest.VCpus[0].GetControlRegister(ControlRegister.CR3), guest.VCpus[0].PortIos));
        Assert.Equal(4, session.GetStatistics().Events);
        Hosts.Refused(XenErrorId.ConflictingWatch, () => session.Watch(Watches.For(VmEventKind.VmExit)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_answer_that_moves_rip_skips_the_instruction(bool isRead)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.Io) with { Hold = true });
        Task done = guest.VCpus[0].RunAsync(GuestAction.PortIo(0x71, isRead), GuestAction.Nop());
        IoEvent io = seen.Next<IoEvent>();
        io.Respond(VmEventResponse.Continue.WithRegister(SettableRegister.Rip, io.InstructionPointer + 1).WithRegister(SettableRegister.Rax, 0x55));
        done.Finish();
        Assert.Equal((0L, 0x55UL, true), (guest.VCpus[0].PortIos, guest.VCpus[0].Registers[VmEventField.Rax], guest.Settings.Io));
    }

    [Theory]
    [InlineData(VmEventKind.Io, ChannelPreference.Ring)]
    [InlineData(VmEventKind.Io, ChannelPreference.Slotted)]
    [InlineData(VmEventKind.VmExit, ChannelPreference.Ring)]
    [InlineData(VmEventKind.VmExit, ChannelPreference.Slotted)]
    public void A_busy_guest_gets_on_and_is_free_when_the_watch_ends_just_then(VmEventKind kind, ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.With(Workload.Everything, vcpus: 3);
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel);
        for (int i = 0; i < 5; i++)
        {
            using EventSubscription seen = session.Watch(Watches.For(kind) with { Hold = kind == VmEventKind.VmExit });
            for (int j = 0; j < 3; j++)
            {
                VmEvent one = seen.Take(Listener.Patience)!;
                session.Release(one);
            }
        }

        long[] rounds = [.. guest.VCpus.Select(v => v.Rounds)];
        Hosts.Until(() => guest.VCpus.All(v => v.Rounds > rounds[v.Id]));
        Assert.False(guest.Settings.Io || guest.Settings.VmExit);
        session.Stop();
        guest.AssertFree();
    }
}
