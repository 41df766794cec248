using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>What Xen offers of arm64 guests.</summary>
public class Arm64Tests
{
    public static TheoryData<ChannelPreference, int> ChannelsAndVersions => new()
    {
        { ChannelPreference.Ring, 4 },
        { ChannelPreference.Ring, 7 },
        { ChannelPreference.Slotted, 4 },
        { ChannelPreference.Slotted, 7 },
    };

    [Theory]
    [MemberData(nameof(ChannelsAndVersions))]
    public void A_privileged_call_is_stepped_over(ChannelPreference channel, int version)
    {
        using SimulatedHypervisor host = Host(version);
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel);
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.PrivilegedCall));
        guest.Run(GuestAction.PrivilegedCall(), GuestAction.PrivilegedCall(), GuestAction.Nop());
        PrivilegedCallEvent call = seen.Next<PrivilegedCallEvent>();
        seen.Next<PrivilegedCallEvent>();
        Assert.False(seen.TryTake(out _));
        var registers = Assert.IsType<ArmRegisters>(call.Registers);
        Assert.Equal(GuestCode.AddressOf(GuestAction.PrivilegedCall()), call.InstructionPointer);
        Assert.Equal((call.InstructionPointer, true), (registers.Pc, registers.Ttbr0 != 0 && registers.Ttbr1 != 0 && registers.Ttbcr != 0 && registers.Cpsr != 0));
        session.Stop();
        Assert.False(guest.Settings.PrivilegedCall);
        guest.AssertFree();
    }

    [Theory]
    [MemberData(nameof(ChannelsAndVersions))]
    public void A_page_access_is_seen_once_and_goes_on(ChannelPreference channel, int version)
    {
        using SimulatedHypervisor host = Host(version);
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel);
        using EventSubscription seen = session.Watch(Watches.Pages(PageAccess.Write | PageAccess.Execute, new GfnRange(0x180, 0x183)));
        guest.Run(GuestAction.WritePage(0x180, 8, 42), GuestAction.ExecutePage(0x181), GuestAction.WritePage(0x180, 8, 43), GuestAction.Nop());
        Assert.Equal((0x180UL, PageAccess.Write), OfNext(seen));
        Assert.Equal((0x181UL, PageAccess.Execute), OfNext(seen));
        Assert.False(seen.TryTake(out _));
        Assert.Equal(43u, guest.ReadMemory(0x180, 8));
        session.Stop();
        guest.AssertFree();
    }

    [Theory]
    [MemberData(nameof(ChannelsAndVersions))]
    public void A_page_watched_on_is_lifted_for_a_moment_since_nothing_is_emulated(ChannelPreference channel, int version)
    {
        using SimulatedHypervisor host = Host(version);
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel);
        using EventSubscription seen = session.Watch(Watches.Repeated(PageAccess.Write, new GfnRange(0x180)));
        for (ulong value = 1; value <= 3; value++)
        {
            guest.Run(GuestAction.WritePage(0x180, 0, value));
            Assert.Equal(value, guest.ReadMemory(0x180, 0));
            Assert.Equal((0x180UL, PageAccess.Write), OfNext(seen));
            Hosts.Until(() => guest.GetMemAccess(0x180) != MemAccess.Rwx);
        }

        session.Stop();
        guest.AssertFree();
    }

    [Fact]
    public void An_answer_moves_the_program_counter_elsewhere()
    {
        using SimulatedHypervisor host = Host(7);
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.PrivilegedCall) with { Hold = true });
        Task done = host.Guest().VCpus[0].RunAsync(GuestAction.PrivilegedCall());
        PrivilegedCallEvent call = seen.Next<PrivilegedCallEvent>();
        call.Respond(VmEventResponse.Continue.WithRegister(SettableRegister.Pc, call.InstructionPointer + 64));
        done.Finish();
        Assert.Equal(call.InstructionPointer + 64, host.Guest().VCpus[0].Registers.Rip);
    }

    [Theory]
    [InlineData(VmEventKind.Cpuid)]
    [InlineData(VmEventKind.WriteControlRegister)]
    [InlineData(VmEventKind.SingleStep)]
    [InlineData(VmEventKind.Interrupt)]
    [InlineData(VmEventKind.Io)]
    public void What_only_x86_has_is_refused(VmEventKind kind)
    {
        using SimulatedHypervisor host = Host(7);
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        Hosts.Refused(XenErrorId.NotSupported, () => session.Watch(Watches.For(kind)));
        using SimulatedHypervisor x86 = Hosts.Idle();
        using MonitorSession other = x86.Session(ChannelPreference.Auto);
        Hosts.Refused(XenErrorId.NotSupported, () => other.Watch(Watches.For(VmEventKind.PrivilegedCall)));
    }

    [Fact]
    public void A_guest_that_does_everything_is_watched_and_left_free()
    {
        using SimulatedHypervisor host = Hosts.With(Workload.Everything, vcpus: 2, options: new SimulationOptions { Architecture = GuestArchitecture.Arm64 });
        SimulatedDomain guest = host.Guest();
        using (MonitorSession session = host.Session(ChannelPreference.Auto))
        {
            using EventSubscription seen = session.Watch(new EventWatch
            {
                Kinds = [VmEventKind.PrivilegedCall, VmEventKind.GuestRequest, VmEventKind.MemAccess],
                Pages = new PageWatch { Access = PageAccess.Write },
            });
            HashSet<VmEventKind> kinds = [];
            while (kinds.Count < 3) kinds.Add(seen.Take(Listener.Patience)!.Kind);
        }

        guest.AssertFree();
    }

    private static SimulatedHypervisor Host(int version) =>
        Hosts.Idle(options: new SimulationOptions { Architecture = GuestArchitecture.Arm64, InterfaceVersion = version });

    private static (ulong Gfn, PageAccess Access) OfNext(EventSubscription seen)
    {
        MemAccessEvent access = seen.Next<MemAccessEvent>();
        return (access.Gfn, access.Access);
    }
}
