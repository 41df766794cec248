using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>Kinds for which Xen has no switch: they come unasked, after an answer, or from a future Xen.</summary>
public class UnswitchedKindTests
{
    private const uint ToCome = 4711;

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void Each_is_shown_to_who_watches_it_and_answered(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel);
        using EventSubscription all = session.Watch(Watches.For(VmEventKind.Unknown, VmEventKind.MemSharing, VmEventKind.MemPaging, VmEventKind.Interrupt));
        using EventSubscription sharing = session.Watch(Watches.For(VmEventKind.MemSharing));
        guest.Run(GuestAction.Raise(2), GuestAction.Raise(3), GuestAction.Raise(12), GuestAction.Raise(ToCome), GuestAction.Raise(0));
        all.Next<MemSharingEvent>();
        all.Next<MemPagingEvent>();
        all.Next<InterruptEvent>();
        Assert.Equal(ToCome, all.Next<UnknownEvent>().Reason);
        Assert.Equal(0u, all.Next<UnknownEvent>().Reason);
        sharing.Next<MemSharingEvent>();
        Assert.False(sharing.TryTake(out _));
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void Each_is_answered_when_nobody_watches_it(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(channel);
        host.Guest().Run(GuestAction.Raise(2), GuestAction.Raise(3), GuestAction.Raise(12), GuestAction.Raise(ToCome), GuestAction.Raise(0));
        Assert.Equal(5, session.GetStatistics().Events);
        Assert.Null(session.End);
    }

    [Fact]
    public void The_answer_for_a_page_names_it_again()
    {
        VmEventLayout layout = VmEventLayout.ForVersion(VmEventLayout.NewestVersion);
        using SimulatedHypervisor host = Hosts.Idle();
        using IDomainMonitor monitor = host.Enable(ChannelPreference.Ring);
        EventSwitches switches = new(monitor, layout, 1);
        byte[] request = new byte[layout.Size];
        RepeatingChannel channel = new(request, monitor.Ports);
        SessionViews views = new(monitor, switches, host.Guest().Identity);
        GuestBreakpoints breakpoints = new(host, host.Guest().Identity, monitor, views, switches, new MonitorOptions());
        AnswerEffects effects = new(monitor, views, switches, breakpoints, new InterruptDelivery(host, host.Guest().Identity, monitor), GuestArchitecture.X86);
        ResponseSender sender = new(channel, effects, new StatisticsCollector(1), layout);
        foreach ((VmEventKind kind, VmEventField[] fields) in new (VmEventKind, VmEventField[])[]
        {
            (VmEventKind.MemPaging, [VmEventField.MemPagingGfn, VmEventField.MemPagingType, VmEventField.MemPagingFlags]),
            (VmEventKind.MemSharing, [VmEventField.MemSharingGfn, VmEventField.MemSharingType]),
        })
        {
            var writer = new ResponseWriter(request, layout);
            writer.Set(VmEventField.Reason, (ulong)kind);
            foreach (VmEventField field in fields) writer.Set(field, 0x77 + (ulong)field);
            sender.Send(new RequestReader(request, layout), VmEventResponse.Continue, readAt: 0, vmEvent: null);
            foreach (VmEventField field in fields) Assert.Equal(0x77 + (ulong)field, new RequestReader(channel.Response, layout).UInt64(field));
        }
    }

    [Fact]
    public void An_interrupt_comes_with_what_the_guest_is_about_to_take()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using var listener = new Listener(host, Hosts.Guest, ChannelPreference.Ring);
        listener.Monitor.MonitorGuestRequest(enable: true, sync: true, allowUserspace: false);
        Task done = host.Guest().VCpus[0].RunAsync(GuestAction.GuestRequest(), GuestAction.Interrupt(), GuestAction.Interrupt());
        listener.Answer(listener.Next(), VmEventFlags.GetNextInterrupt);
        Event interrupt = listener.Next();
        Assert.Equal((ulong)VmEventKind.Interrupt, interrupt[VmEventField.Reason]);
        Assert.Equal((0xecUL, 0UL, (ulong)uint.MaxValue), (interrupt[VmEventField.InterruptVector], interrupt[VmEventField.InterruptType], interrupt[VmEventField.InterruptErrorCode]));
        Assert.NotEqual(0u, interrupt[VmEventField.InterruptCr2]);
        listener.Answer(interrupt);
        done.Finish();
        Assert.Equal(2, host.Guest().VCpus[0].Events);
    }
}
