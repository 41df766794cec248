using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>Watches that select events by what is in them.</summary>
public class SelectionTests
{
    private const ulong Linear = 0xffff888000000000;

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void Writes_of_other_values_are_not_shown_and_not_held(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(channel);
        EventWatch watch = Watches.ControlRegisters(ControlRegister.CR3) with
        {
            Kinds = [VmEventKind.WriteControlRegister, VmEventKind.MovToMsr, VmEventKind.Cpuid],
            Msrs = [Msr.Lstar],
            Hold = true,
            Selection = new EventSelection { NewValues = [new AddressRange(0x6000, 0x7fff), new AddressRange(0xffffffff81a00000)] },
        };
        using EventSubscription seen = session.Watch(watch);
        host.Guest().Run(
            GuestAction.WriteControlRegister(ControlRegister.CR3, 0x5000),
            GuestAction.WriteMsr(Msr.Lstar, 0x81a00000),
            GuestAction.Cpuid(0x6000),
            GuestAction.WriteControlRegister(ControlRegister.CR3, 0x8000));
        Assert.False(seen.TryTake(out _));
        Task wanted = host.Guest().VCpus[0].RunAsync(GuestAction.WriteControlRegister(ControlRegister.CR3, 0x7fff), GuestAction.WriteMsr(Msr.Lstar, 0xffffffff81a00000));
        WriteControlRegisterEvent cr3 = seen.Next<WriteControlRegisterEvent>();
        Assert.Equal((0x7fffUL, ResponseState.Held), (cr3.NewValue, cr3.ResponseState));
        cr3.Respond(VmEventResponse.Continue);
        MovToMsrEvent lstar = seen.Next<MovToMsrEvent>();
        Assert.Equal(0xffffffff81a00000, lstar.NewValue);
        lstar.Respond(VmEventResponse.Continue);
        wanted.Finish();
        Assert.Equal((6L, 2L), (session.GetStatistics().Events, seen.Delivered));
    }

    [Theory]
    [InlineData(GuestArchitecture.X86)]
    [InlineData(GuestArchitecture.Arm64)]
    public void Events_of_other_code_are_not_shown(GuestArchitecture architecture)
    {
        using SimulatedHypervisor host = Hosts.Idle(options: new SimulationOptions { Architecture = architecture });
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        ulong code = GuestCode.AddressOf(GuestAction.ExecutePage(0x181));
        using EventSubscription seen = session.Watch(Watches.Repeated(PageAccess.Write | PageAccess.Execute, new GfnRange(0x180, 0x181)) with
        {
            Selection = new EventSelection { InstructionPointers = [new AddressRange(code)] },
        });
        host.Guest().Run(GuestAction.WritePage(0x180, 0, 1), GuestAction.ExecutePage(0x181));
        Assert.Equal((0x181UL, code), seen.Next<MemAccessEvent>() is var one ? (one.Gfn, one.InstructionPointer) : default);
        Assert.False(seen.TryTake(out _));
        Assert.Equal(1UL, host.Guest().ReadMemory(0x180, 0));
        session.Stop();
        host.Guest().AssertFree();
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_page_stays_watched_until_an_access_that_is_shown(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel);
        using EventSubscription seen = session.Watch(Watches.Pages(PageAccess.Write, new GfnRange(0x180)) with
        {
            Selection = new EventSelection { LinearAddresses = [new AddressRange(Linear + 0x180010, Linear + 0x18001f)] },
        });
        guest.Run(GuestAction.WritePage(0x180, 0, 1), GuestAction.WritePage(0x180, 0x20, 2));
        Assert.Equal((1UL, 2UL, MemAccess.RX), (guest.ReadMemory(0x180, 0), guest.ReadMemory(0x180, 0x20), guest.GetMemAccess(0x180)));
        Assert.False(seen.TryTake(out _));
        guest.Run(GuestAction.WritePage(0x180, 0x18, 3), GuestAction.WritePage(0x180, 0x10, 4));
        Assert.Equal(Linear + 0x180018, seen.Next<MemAccessEvent>().LinearAddress);
        Assert.False(seen.TryTake(out _));
        Assert.Equal(MemAccess.Rwx, guest.GetMemAccess(0x180));
        session.Stop();
        guest.AssertFree();
    }

    [Fact]
    public void A_selection_of_one_watch_is_not_that_of_another()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        using EventSubscription some = session.Watch(Watches.Msrs(Msr.Lstar) with { Selection = new EventSelection { NewValues = [new AddressRange(2)] } });
        using EventSubscription all = session.Watch(Watches.Msrs(Msr.Lstar) with { Selection = new EventSelection() });
        host.Guest().Run(GuestAction.WriteMsr(Msr.Lstar, 1), GuestAction.WriteMsr(Msr.Lstar, 2));
        Assert.Equal([1, 2], (ulong[])[all.Next<MovToMsrEvent>().NewValue, all.Next<MovToMsrEvent>().NewValue]);
        Assert.Equal(2UL, some.Next<MovToMsrEvent>().NewValue);
    }
}
