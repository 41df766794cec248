using FsCheck;
using FsCheck.Fluent;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>What the options of a watch leave out, even while others watch the same with other options.</summary>
public class WatchOptionsTests
{
    private static readonly ControlRegister[] Registers = Enum.GetValues<ControlRegister>();
    private static readonly uint[] Msrs = [Msr.Lstar, Msr.SysenterEip, Msr.TscAux];

    private static Gen<ulong> Bits => Gen.Elements<ulong>(0, 1 << 3, 1 << 7, 1 << 3 | 1 << 7, ulong.MaxValue);

    private static Gen<EventWatch> RegisterWatches =>
        from registers in Gen.SubListOf(Registers).Where(r => r.Count > 0)
        from msrs in Gen.SubListOf(Msrs).Where(m => m.Count > 0)
        from ignored in Bits
        from onChangeOnly in Gen.Elements(true, false)
        select new EventWatch
        {
            Kinds = [VmEventKind.WriteControlRegister, VmEventKind.MovToMsr],
            ControlRegisters = [.. registers],
            Msrs = [.. msrs],
            IgnoredBits = ignored,
            OnChangeOnly = onChangeOnly,
        };

    private static Gen<(uint Number, ulong Value)> Writes =>
        from number in Gen.Elements<uint>([.. Registers.Select(r => (uint)r), .. Msrs])
        from value in Bits.Where(b => b != ulong.MaxValue)
        select (number, value);

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void Each_watch_sees_the_register_writes_it_asked_for_while_others_come_and_go(ChannelPreference channel) => Properties.Hold(
        Gen.Zip(RegisterWatches.ArrayOf(3), Writes.ArrayOf(8)),
        40,
        one =>
        {
            (EventWatch[] watches, (uint Number, ulong Value)[] writes) = one;
            using SimulatedHypervisor host = Hosts.Idle();
            using MonitorSession session = host.Session(channel);
            SimulatedDomain guest = host.Guest();
            List<EventSubscription> subscriptions = [.. watches.Select(w => session.Watch(w))];
            while (subscriptions.Count > 0)
            {
                List<string>[] expected = [.. subscriptions.Select(_ => new List<string>())];
                foreach ((uint number, ulong value) in writes)
                {
                    bool isControl = number < Registers.Length;
                    ulong old = isControl ? guest.VCpus[0].GetControlRegister((ControlRegister)number) : guest.VCpus[0].GetMsr(number);
                    guest.Run(isControl ? GuestAction.WriteControlRegister((ControlRegister)number, value) : GuestAction.WriteMsr(number, value));
                    for (int i = 0; i < subscriptions.Count; i++)
                    {
                        EventWatch watch = subscriptions[i].Watch;
                        bool isWanted = isControl
                            ? watch.ControlRegisters.Contains((ControlRegister)number) && ((old ^ value) & ~watch.IgnoredBits) != 0
                            : watch.Msrs.Contains(number) && (!watch.OnChangeOnly || old != value);
                        if (isWanted) expected[i].Add($"0x{number:x} {old:x} -> {value:x}");
                    }
                }

                for (int i = 0; i < subscriptions.Count; i++) Assert.Equal(expected[i], SeenBy(subscriptions[i]));
                subscriptions[0].Dispose();
                subscriptions.RemoveAt(0);
            }

            MonitorSettings switches = guest.Settings;
            Assert.All(Registers, r => Assert.Null(switches[r]));
            Assert.All(Msrs, m => Assert.False(switches.Watches(m)));
        });

    [Fact]
    public void Xen_is_asked_for_no_more_than_all_watches_want()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        MonitorSettings switches = host.Guest().Settings;
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        EventSubscription first = session.Watch(Watches.ControlRegisters(ControlRegister.CR4) with { IgnoredBits = 0x88, OnChangeOnly = true });
        Assert.Equal(new ControlRegisterOptions(0x88, OnChangeOnly: true, Sync: true), switches[ControlRegister.CR4]);
        EventSubscription second = session.Watch(Watches.ControlRegisters(ControlRegister.CR4) with { IgnoredBits = 0x80 });
        Assert.Equal(new ControlRegisterOptions(0x80, OnChangeOnly: false, Sync: true), switches[ControlRegister.CR4]);
        second.Dispose();
        Assert.Equal(new ControlRegisterOptions(0x88, OnChangeOnly: true, Sync: true), switches[ControlRegister.CR4]);
        first.Dispose();
        Assert.Null(switches[ControlRegister.CR4]);
    }

    [Theory]
    [InlineData(VmEventKind.WriteControlRegister)]
    [InlineData(VmEventKind.DebugException)]
    [InlineData(VmEventKind.GuestRequest)]
    public void A_guest_that_does_not_wait_is_seen_all_the_same(VmEventKind kind)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Watch(Watches.For(kind) with { Async = true });
        guest.Run(GuestAction.WriteControlRegister(ControlRegister.CR3, 0x5000), GuestAction.DebugException(), GuestAction.GuestRequest());
        VmEvent one = seen.Take(Listener.Patience)!;
        Assert.Equal((kind, false), (one.Kind, one.IsSynchronous));
        Assert.Equal((0x5000UL, 1L), (guest.VCpus[0].GetControlRegister(ControlRegister.CR3), guest.VCpus[0].GetExceptions(1)));
        Hosts.Refused(XenErrorId.ConflictingWatch, () => session.Watch(Watches.For(VmEventKind.Cpuid, kind)));
        Assert.False(guest.Settings.Cpuid);
        session.Watch(Watches.For(kind) with { Async = true }).Dispose();
        seen.Dispose();
        session.Watch(Watches.For(kind)).Dispose();
        session.Stop();
        guest.AssertFree();
    }

    [Theory]
    [InlineData(5)]
    [InlineData(7)]
    public void A_write_that_Xen_holds_back_is_not_left_to_a_guest_that_does_not_wait(int version)
    {
        using SimulatedHypervisor host = Hosts.Idle(options: new SimulationOptions { InterfaceVersion = version });
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        EventWatch cr3 = Watches.ControlRegisters(ControlRegister.CR3) with { Async = true };
        if (version == 7)
        {
            // Xen does these at once, until somebody may deny one.
            using (session.Watch(cr3))
            {
                Hosts.Refused(XenErrorId.ConflictingWatch, () => session.Watch(Watches.Msrs(Msr.Lstar) with { Hold = true }));
                Hosts.Refused(XenErrorId.ConflictingWatch, () => session.SetDefaultResponse(VmEventKind.MovToMsr, VmEventResponse.Deny));
            }

            session.SetDefaultResponse(VmEventKind.MovToMsr, VmEventResponse.Deny);
        }

        Hosts.Refused(XenErrorId.ConflictingWatch, () => session.Watch(cr3));
        using EventSubscription xcr0 = session.Watch(cr3 with { ControlRegisters = [ControlRegister.Xcr0] });
        host.Guest().Run(GuestAction.WriteControlRegister(ControlRegister.Xcr0, 3));
        Assert.Equal(3u, xcr0.Next<WriteControlRegisterEvent>().NewValue);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(7)]
    public void Programs_requests_are_shown_to_those_who_allow_them(int version)
    {
        using SimulatedHypervisor host = Hosts.Idle(options: new SimulationOptions { InterfaceVersion = version });
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        using EventSubscription kernel = session.Watch(Watches.For(VmEventKind.GuestRequest));
        EventSubscription all = session.Watch(Watches.For(VmEventKind.GuestRequest) with { AllowUserspace = true });
        guest.Run(GuestAction.GuestRequest(fromUserspace: true), GuestAction.GuestRequest());
        Assert.Equal(3, PrivilegeOf(all));
        Assert.Equal(0, PrivilegeOf(all));
        Assert.Equal(0, PrivilegeOf(kernel));
        all.Dispose();
        Assert.False(guest.Settings.GuestRequestFromUserspace);
        guest.Run(GuestAction.GuestRequest(fromUserspace: true), GuestAction.GuestRequest());
        Assert.Equal(0, PrivilegeOf(kernel));
        Assert.False(kernel.TryTake(out _));
        Assert.Equal(3, session.GetStatistics().Events);

        static byte PrivilegeOf(EventSubscription seen) => ((X86Registers)seen.Next<GuestRequestEvent>().Registers).PrivilegeLevel;
    }

    private static List<string> SeenBy(EventSubscription subscription)
    {
        List<string> seen = [];
        while (subscription.TryTake(out VmEvent? one))
        {
            seen.Add(one switch
            {
                WriteControlRegisterEvent e => $"0x{(uint)e.Register:x} {e.OldValue:x} -> {e.NewValue:x}",
                MovToMsrEvent e => $"0x{e.Msr:x} {e.OldValue:x} -> {e.NewValue:x}",
                _ => one.ToString(),
            });
        }

        return seen;
    }
}
