using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;
using XenVmEvent.Recovery;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;
using static XenVmEvent.Tests.Monitoring.BreakpointGuest;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>When breakpoints are set in a guest's kernel, and when they are taken away.</summary>
public sealed class BreakpointSetupTests
{
    [Fact]
    public void A_breakpoint_stays_as_long_as_one_watch_wants_it()
    {
        using BreakpointGuest guest = new();
        using MonitorSession session = guest.Session();
        using EventSubscription first = session.Watch(At(GuestActionKind.Nop, GuestActionKind.Cpuid));
        using EventSubscription second = session.Watch(At(GuestActionKind.Nop));
        first.Dispose();
        Assert.Equal(1, guest.ChangedBytes);
        guest.Run(GuestAction.Nop(), GuestAction.Cpuid(0));
        second.Next<SoftwareBreakpointEvent>();
        second.Dispose();
        Assert.Equal(0, guest.ChangedBytes);
        Assert.Equal(1, session.GetStatistics().Events);
    }

    [Fact]
    public void What_the_guest_has_patched_meanwhile_stays_as_it_is()
    {
        using BreakpointGuest guest = new();
        ulong place = AddressOf(GuestActionKind.Nop) - GuestCode.KernelText;
        List<string> told = [];
        using MonitorSession session = guest.Session(warn: text => { lock (told) told.Add(text); });
        using EventSubscription seen = session.Watch(At(GuestActionKind.Nop));
        guest.Domain.Memory.Write(place, [0x66]);
        guest.Run(GuestAction.Nop());
        Hosts.Until(() => { lock (told) return told.Count > 0; });
        Assert.Contains("patched", Assert.Single(told), StringComparison.Ordinal);
        session.Stop();
        Assert.Equal(0x66, guest.Domain.Memory.ByteAt(place));
        guest.AssertNoException();
    }

    [Fact]
    public void A_place_that_is_no_code_is_refused_and_nothing_is_changed()
    {
        using BreakpointGuest guest = new();
        using MonitorSession session = guest.Session();
        Hosts.Refused(XenErrorId.InvalidBreakpoint, () => session.Watch(At(AddressOf(GuestActionKind.Nop), 0x1000)));
        Assert.Equal(0, guest.ChangedBytes);
        guest.Run(GuestAction.Breakpoint());
        Assert.Equal(0, session.GetStatistics().Events);
        session.Stop();
        Assert.Equal(0, guest.ChangedBytes);
    }

    [Fact]
    public void A_kernel_that_has_moved_is_found_by_where_its_system_calls_enter()
    {
        using BreakpointGuest guest = new();
        ulong entry = guest.Domain.VCpus[0].GetMsr(Msr.Lstar);
        const ulong slide = 10 << 21;
        using MonitorSession session = guest.Session();
        EventWatch watch = Of(
            new KernelImage(entry - slide, new AddressRange(GuestCode.KernelText - slide, GuestCode.KernelText - slide + 0xff_ffff)),
            new Breakpoint(AddressOf(GuestActionKind.Nop) - slide, "do_nothing"),
            new Breakpoint(AddressOf(GuestActionKind.Cpuid)));
        using EventSubscription seen = session.Apply(new EventRules { Name = "p", Rules = [new EventRule { Name = "r", Watch = watch }] });
        guest.Run(GuestAction.Nop(), GuestAction.Cpuid(0));
        Assert.Equal(("do_nothing", AddressOf(GuestActionKind.Nop)), (seen.Next<SoftwareBreakpointEvent>() is var one ? one.Symbol : null, one.InstructionPointer));
        Assert.Equal((null, AddressOf(GuestActionKind.Cpuid)), (seen.Next<SoftwareBreakpointEvent>() is var other ? other.Symbol : "", other.InstructionPointer));

        // Modules move by themselves, and another kernel's symbols say nothing.
        KernelImage known = watch.Breakpoints!.Kernel!;
        Hosts.Refused(XenErrorId.WrongSymbols, () => session.Watch(Of(known, new Breakpoint(0xffff_ffff_c000_0000, "module"))));
        Hosts.Refused(XenErrorId.WrongSymbols, () => session.Watch(Of(known with { SyscallEntry = entry - 0x1000 }, watch.Breakpoints.At[0])));
        Hosts.Refused(XenErrorId.WrongSymbols, () => session.Watch(Of(known with { SyscallEntry = entry - (1UL << 30) }, watch.Breakpoints.At[0])));
        session.Stop();
        guest.AssertUntouched();
    }

    [Fact]
    public void In_a_guest_that_still_starts_they_are_set_when_its_kernel_runs()
    {
        using BreakpointGuest guest = new();
        ulong entry = guest.Domain.VCpus[0].GetMsr(Msr.Lstar);
        guest.Domain.VCpus[0].Registers.Msrs[Msr.Lstar] = 0;
        List<string> told = [];
        using MonitorSession session = guest.Session(warn: text => { lock (told) told.Add(text); });
        using EventSubscription seen = session.Watch(Of(
            new KernelImage(entry, new AddressRange(GuestCode.KernelText, GuestCode.KernelText + 0xff_ffff)), new Breakpoint(AddressOf(GuestActionKind.Nop), "do_nothing")));
        guest.Run(GuestAction.Nop());
        Assert.Equal(0, guest.ChangedBytes);
        guest.Run(GuestAction.WriteMsr(Msr.Lstar, entry));
        Hosts.Until(() => guest.ChangedBytes == 1);
        guest.Run(GuestAction.Nop());
        seen.Next<SoftwareBreakpointEvent>();
        Assert.False(seen.TryTake(out _));
        Assert.Contains("has not started its kernel", Assert.Single(told), StringComparison.Ordinal);
        session.Stop();
        guest.AssertUntouched();
    }

    [Fact]
    public void Those_of_a_rule_that_begins_later_are_set_then()
    {
        using BreakpointGuest guest = new();
        using MonitorSession session = guest.Session();
        EventRule rule = new() { Name = "r", Watch = At(GuestActionKind.Nop), After = TimeSpan.FromHours(1) };
        using EventSubscription seen = session.Apply(new EventRules { Name = "p", Rules = [rule] });
        guest.Run(GuestAction.Nop());
        Assert.Equal(0, guest.ChangedBytes);
        session.Replace(seen, new EventRules { Name = "p", Rules = [rule with { After = TimeSpan.FromTicks(1) }] });
        Hosts.Until(() => guest.ChangedBytes == 1);
        guest.Run(GuestAction.Nop());
        Assert.Equal("r", seen.Next<SoftwareBreakpointEvent>().Rule);
        session.Replace(seen, new EventRules { Name = "p", Rules = [rule with { Watch = At(GuestActionKind.Cpuid), After = TimeSpan.Zero }] });
        Assert.Equal(1, guest.ChangedBytes);
        guest.Run(GuestAction.Nop(), GuestAction.Cpuid(0));
        Assert.Equal(AddressOf(GuestActionKind.Cpuid), seen.Next<SoftwareBreakpointEvent>().InstructionPointer);
        seen.Dispose();
        Assert.Equal(0, guest.ChangedBytes);
    }

    [Fact]
    public void A_reset_takes_away_those_of_a_listener_that_is_alive()
    {
        using BreakpointGuest guest = new(vcpus: 2);
        using MonitorSession session = guest.Session();
        using EventSubscription seen = session.Watch(At(GuestActionKind.Nop, GuestActionKind.Cpuid, GuestActionKind.WritePage));
        Assert.Equal(3, MonitorReset.Run(guest.Host, guest.Domain.Identity).BreakpointsRemoved);
        Assert.Equal(0, guest.ChangedBytes);
        session.Stop();
        Assert.Equal(SessionEndReason.Failed, session.End!.Reason);
        guest.AssertUntouched();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    public void Calls_that_xen_refuses_for_a_while_leave_none_behind(int refused)
    {
        using BreakpointGuest guest = new();
        using MonitorSession session = guest.Session();
        using EventSubscription seen = session.Watch(At(GuestActionKind.Nop, GuestActionKind.Cpuid));
        guest.Domain.Faults.RefuseCalls(refused, Errno.EAGAIN);
        seen.Dispose();
        session.Stop();
        guest.AssertUntouched();
    }

    [Fact]
    public void Of_a_destroyed_domain_nothing_is_kept()
    {
        using BreakpointGuest guest = new();
        using MonitorSession session = guest.Session();
        using EventSubscription seen = session.Watch(At(GuestActionKind.Nop));
        Assert.Single(guest.Domain.Breakpoints);
        guest.Domain.Destroy();
        Hosts.Until(() => session.End is not null);
        Assert.Empty(guest.Domain.Breakpoints);
        Assert.Empty(session.End!.TeardownFailures);
    }

    [Fact]
    public void Host_that_raises_no_breakpoint_events_is_refused_first()
    {
        using SimulatedHypervisor host = Hosts.Idle(options: new SimulationOptions { Architecture = GuestArchitecture.Arm64 });
        Hosts.Refused(XenErrorId.NotSupported, () => MonitorSession.EnsurePossible(host, host.Guest().Identity, At(GuestCode.KernelText)));
    }
}
