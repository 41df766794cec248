using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Recovery;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>Breakpoints that the engine sets in a guest's kernel.</summary>
public sealed class BreakpointTests
{
    private const int CodeBytes = 0x100 * SharedMemory.PageSize;

    /// <summary>What the simulated guest executes at its own places, and what Xen's emulator does for it.</summary>
    private static readonly GuestActionKind[] Emulated =
    [
        GuestActionKind.Nop, GuestActionKind.WritePage, GuestActionKind.ReadPage, GuestActionKind.Cpuid, GuestActionKind.WriteCR3,
        GuestActionKind.WriteMsr, GuestActionKind.PortIo, GuestActionKind.Interrupt, GuestActionKind.DescriptorAccess,
    ];

    private static readonly GuestActionKind[] NotEmulated = [GuestActionKind.WritePageWithVector, GuestActionKind.GuestRequest];

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void Each_execution_is_seen_and_the_guest_executes_its_own_instruction(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        byte[] before = Code(host);
        using MonitorSession session = host.Session(channel);
        using EventSubscription seen = session.Watch(At(GuestActionKind.WritePage, GuestActionKind.Cpuid));
        Assert.Equal(2, Different(before, Code(host)));
        host.Guest().Run(GuestAction.WritePage(0x180, 8, 42), GuestAction.Nop(), GuestAction.Cpuid(0), GuestAction.WritePage(0x180, 16, 43));
        Assert.Equal(
            [AddressOf(GuestActionKind.WritePage), AddressOf(GuestActionKind.Cpuid), AddressOf(GuestActionKind.WritePage)],
            Enumerable.Range(0, 3).Select(_ => seen.Next<SoftwareBreakpointEvent>().InstructionPointer));
        Assert.False(seen.TryTake(out _));
        Assert.Equal((42UL, 43UL, 0x16UL), (host.Guest().ReadMemory(0x180, 8), host.Guest().ReadMemory(0x180, 16), host.Guest().VCpus[0].GetRegister(SettableRegister.Rax)));
        seen.Dispose();
        Assert.Equal(before, Code(host));
        session.Stop();
        AssertUntouched(host, before);
    }

    /// <summary>Random sets of places, vCPUs that execute them, and ends of the watch at any moment.</summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public void Whatever_is_executed_is_seen_or_told_and_the_memory_is_the_same_afterwards()
    {
        for (int seed = 0; seed < 30; seed++)
        {
            Random random = new(seed);
            int vcpus = 1 + seed % 4;
            using SimulatedHypervisor host = Hosts.Idle(vcpus);
            byte[] before = Code(host);
            GuestActionKind[] places = [.. Emulated.Concat(NotEmulated).Where(_ => random.Next(2) == 0).Append(GuestActionKind.Nop)];
            GuestAction[][] scripts = [.. Enumerable.Range(0, vcpus).Select(_ => Enumerable.Range(0, 200).Select(_ => Any(random)).ToArray())];
            using MonitorSession session = host.Session(seed % 2 == 0 ? ChannelPreference.Ring : ChannelPreference.Slotted);
            using EventSubscription seen = session.Watch(At(places) with { BufferSize = 2000 });
            Task[] running = [.. scripts.Select((script, vcpu) => host.Guest().VCpus[vcpu].RunAsync(script))];
            bool isWhole = seed % 3 != 0;
            if (isWhole) foreach (Task one in running) one.Finish();
            else if (random.Next(2) == 0) seen.Dispose();
            else session.Stop();
            foreach (Task one in running) one.Finish();

            long[] exceptions = [.. host.Guest().VCpus.Select(v => v.GetExceptions(GuestCode.BreakpointVector) + v.GetExceptions(GuestCode.InvalidOpcodeVector))];
            Assert.True(exceptions.All(one => one == 0), $"Seed {seed}: the guest met {string.Join(", ", exceptions)} exceptions.");
            Dictionary<ulong, int> executed = scripts.SelectMany(script => script).GroupBy(one => GuestCode.AddressOf(one)).ToDictionary(one => one.Key, one => one.Count());
            Dictionary<ulong, int> shown = [];
            while (seen.TryTake(out VmEvent? one)) shown[one.InstructionPointer] = shown.GetValueOrDefault(one.InstructionPointer) + 1;
            foreach (GuestActionKind place in places)
            {
                int there = executed.GetValueOrDefault(AddressOf(place));
                int count = shown.GetValueOrDefault(AddressOf(place));
                bool isRight = isWhole && Emulated.Contains(place) ? count == there : count <= there;
                Assert.True(isRight, $"Seed {seed}: {place} was executed {there} times and seen {count} times.");
            }

            Assert.All(shown.Keys, address => Assert.Contains(address, places.Select(AddressOf)));
            session.Stop();
            Assert.True(before.AsSpan().SequenceEqual(Code(host)), $"Seed {seed}: the guest's code is changed.");
            AssertUntouched(host, before);
        }

        static GuestAction Any(Random random)
        {
            GuestActionKind kind = Emulated.Concat(NotEmulated).ElementAt(random.Next(Emulated.Length + NotEmulated.Length));
            return kind switch
            {
                GuestActionKind.WritePage => GuestAction.WritePage(0x180, 8 * random.Next(100), (ulong)random.Next()),
                GuestActionKind.ReadPage => GuestAction.ReadPage(0x180),
                GuestActionKind.Cpuid => GuestAction.Cpuid(1),
                GuestActionKind.WriteCR3 => GuestAction.WriteControlRegister(ControlRegister.CR3, (ulong)(8 + random.Next(4)) << 12),
                GuestActionKind.WriteMsr => GuestAction.WriteMsr(Msr.SysenterEip, (ulong)random.Next()),
                GuestActionKind.PortIo => GuestAction.PortIo(0x80, isRead: false),
                GuestActionKind.Interrupt => GuestAction.Interrupt(),
                GuestActionKind.DescriptorAccess => GuestAction.DescriptorAccess(1, isWrite: true),
                GuestActionKind.WritePageWithVector => GuestAction.WritePageWithVector(0x181, 8 * random.Next(100), 7),
                GuestActionKind.GuestRequest => GuestAction.GuestRequest(),
                _ => GuestAction.Nop(),
            };
        }
    }

    [Theory]
    [InlineData(GuestActionKind.WritePageWithVector)]
    [InlineData(GuestActionKind.GuestRequest)]
    public void An_instruction_that_xen_cannot_emulate_is_executed_and_the_breakpoint_comes_back(GuestActionKind kind)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        byte[] before = Code(host);
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Watch(At(kind));
        GuestAction action = kind == GuestActionKind.GuestRequest ? GuestAction.GuestRequest() : GuestAction.WritePageWithVector(0x180, 0, 42);
        for (int i = 1; i <= 3; i++)
        {
            Hosts.Until(() => Different(before, Code(host)) == 1);
            host.Guest().Run(action);
            Assert.Equal(AddressOf(kind), seen.Next<SoftwareBreakpointEvent>().InstructionPointer);
        }

        Assert.False(seen.TryTake(out _));
        AssertNoException(host);
        session.Stop();
        AssertUntouched(host, before);
    }

    [Fact]
    public void The_guests_own_breakpoints_stay_its_own()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        byte[] before = Code(host);
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        using EventSubscription named = session.Watch(At(GuestActionKind.Breakpoint));
        using EventSubscription other = session.Watch(At(GuestActionKind.Nop));
        host.Guest().Run(GuestAction.Breakpoint(), GuestAction.Breakpoint());
        named.Next<SoftwareBreakpointEvent>();
        named.Next<SoftwareBreakpointEvent>();
        Assert.False(other.TryTake(out _));
        Assert.Equal(2, host.Guest().VCpus[0].GetExceptions(GuestCode.BreakpointVector));
        session.Stop();
        Assert.Equal(before, Code(host));
    }

    [Theory]
    [InlineData(VmEventAction.Continue)]
    [InlineData(VmEventAction.Skip)]
    [InlineData(VmEventAction.Reinject)]
    public void However_it_is_answered_the_guest_never_meets_a_breakpoint_that_it_has_not_set(VmEventAction action)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        byte[] before = Code(host);
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Watch(At(GuestActionKind.WritePage) with { Hold = true });
        Task running = host.Guest().VCpus[0].RunAsync(GuestAction.WritePage(0x180, 8, 42));
        seen.Next<SoftwareBreakpointEvent>().Respond(new VmEventResponse(action));
        running.Finish();
        Assert.Equal(42UL, host.Guest().ReadMemory(0x180, 8));
        AssertNoException(host);
        session.Stop();
        AssertUntouched(host, before);
    }

    [Fact]
    public void An_answer_may_set_registers_or_send_the_vcpu_elsewhere()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        byte[] before = Code(host);
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Watch(At(GuestActionKind.WritePage) with { Hold = true });
        Task running = host.Guest().VCpus[0].RunAsync(GuestAction.WritePage(0x180, 8, 42));
        seen.Next<SoftwareBreakpointEvent>().Respond(VmEventResponse.Continue.WithRegister(SettableRegister.Rbx, 0x1234));
        running.Finish();
        Assert.Equal((42UL, 0x1234UL), (host.Guest().ReadMemory(0x180, 8), host.Guest().VCpus[0].GetRegister(SettableRegister.Rbx)));

        Hosts.Until(() => Different(before, Code(host)) == 1);
        running = host.Guest().VCpus[0].RunAsync(GuestAction.WritePage(0x180, 8, 43));
        seen.Next<SoftwareBreakpointEvent>().Respond(VmEventResponse.Continue.WithRegister(SettableRegister.Rip, AddressOf(GuestActionKind.Nop)));
        running.Finish();
        Assert.Equal(42UL, host.Guest().ReadMemory(0x180, 8));
        Assert.False(seen.TryTake(out _));
        AssertNoException(host);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_vcpu_that_waits_in_its_event_goes_on_when_the_breakpoint_is_taken_away(bool stop)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        byte[] before = Code(host);
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Watch(At(GuestActionKind.WritePage) with { Hold = true });
        Task running = host.Guest().VCpus[0].RunAsync(GuestAction.WritePage(0x180, 8, 42));
        seen.Next<SoftwareBreakpointEvent>();
        if (stop) session.Stop();
        else seen.Dispose();
        running.Finish();
        Assert.Equal(42UL, host.Guest().ReadMemory(0x180, 8));
        AssertNoException(host);
        session.Stop();
        AssertUntouched(host, before);
    }

    [Fact]
    public void A_breakpoint_stays_as_long_as_one_watch_wants_it()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        byte[] before = Code(host);
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        using EventSubscription first = session.Watch(At(GuestActionKind.Nop, GuestActionKind.Cpuid));
        using EventSubscription second = session.Watch(At(GuestActionKind.Nop));
        first.Dispose();
        Assert.Equal(1, Different(before, Code(host)));
        host.Guest().Run(GuestAction.Nop(), GuestAction.Cpuid(0));
        second.Next<SoftwareBreakpointEvent>();
        second.Dispose();
        Assert.Equal(before, Code(host));
        Assert.Equal(1, session.GetStatistics().Events);
    }

    [Fact]
    public void What_the_guest_has_patched_meanwhile_stays_as_it_is()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        ulong place = AddressOf(GuestActionKind.Nop) - GuestCode.KernelText;
        List<string> told = [];
        using MonitorSession session = MonitorSession.Start(host, host.Guest().Identity, new MonitorOptions { Warn = text => { lock (told) told.Add(text); } });
        using EventSubscription seen = session.Watch(At(GuestActionKind.Nop));
        host.Guest().Memory.Write(place, [0x66]);
        host.Guest().Run(GuestAction.Nop());
        Hosts.Until(() => { lock (told) return told.Count > 0; });
        Assert.Contains("patched", Assert.Single(told), StringComparison.Ordinal);
        session.Stop();
        Assert.Equal(0x66, host.Guest().Memory.ByteAt(place));
        AssertNoException(host);
    }

    [Fact]
    public void A_place_that_is_no_code_is_refused_and_nothing_is_changed()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        byte[] before = Code(host);
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        Hosts.Refused(XenErrorId.InvalidBreakpoint, () => session.Watch(At(AddressOf(GuestActionKind.Nop), 0x1000)));
        Assert.Equal(before, Code(host));
        host.Guest().Run(GuestAction.Breakpoint());
        Assert.Equal(0, session.GetStatistics().Events);
        session.Stop();
        Assert.Equal(before, Code(host));
    }

    [Fact]
    public void A_kernel_that_has_moved_is_found_by_where_its_system_calls_enter()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        byte[] before = Code(host);
        ulong entry = host.Guest().VCpus[0].GetMsr(Msr.Lstar);
        const ulong slide = 10 << 21;
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        EventWatch watch = Of(
            new KernelImage(entry - slide, new AddressRange(GuestCode.KernelText - slide, GuestCode.KernelText - slide + 0xff_ffff)),
            new Breakpoint(AddressOf(GuestActionKind.Nop) - slide, "do_nothing"),
            new Breakpoint(AddressOf(GuestActionKind.Cpuid)));
        using EventSubscription seen = session.Apply(new EventRules { Name = "p", Rules = [new EventRule { Name = "r", Watch = watch }] });
        host.Guest().Run(GuestAction.Nop(), GuestAction.Cpuid(0));
        Assert.Equal(("do_nothing", AddressOf(GuestActionKind.Nop)), (seen.Next<SoftwareBreakpointEvent>() is var one ? one.Symbol : null, one.InstructionPointer));
        Assert.Equal((null, AddressOf(GuestActionKind.Cpuid)), (seen.Next<SoftwareBreakpointEvent>() is var other ? other.Symbol : "", other.InstructionPointer));

        // Modules move by themselves, and another kernel's symbols say nothing.
        KernelImage known = watch.Breakpoints!.Kernel!;
        Hosts.Refused(XenErrorId.WrongSymbols, () => session.Watch(Of(known, new Breakpoint(0xffff_ffff_c000_0000, "module"))));
        Hosts.Refused(XenErrorId.WrongSymbols, () => session.Watch(Of(known with { SyscallEntry = entry - 0x1000 }, watch.Breakpoints.At[0])));
        Hosts.Refused(XenErrorId.WrongSymbols, () => session.Watch(Of(known with { SyscallEntry = entry - (1UL << 30) }, watch.Breakpoints.At[0])));
        session.Stop();
        AssertUntouched(host, before);
    }

    [Fact]
    public void In_a_guest_that_still_starts_they_are_set_when_its_kernel_runs()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        byte[] before = Code(host);
        ulong entry = host.Guest().VCpus[0].GetMsr(Msr.Lstar);
        host.Guest().VCpus[0].Registers.Msrs[Msr.Lstar] = 0;
        List<string> told = [];
        using MonitorSession session = MonitorSession.Start(host, host.Guest().Identity, new MonitorOptions { Warn = text => { lock (told) told.Add(text); } });
        using EventSubscription seen = session.Watch(Of(
            new KernelImage(entry, new AddressRange(GuestCode.KernelText, GuestCode.KernelText + 0xff_ffff)), new Breakpoint(AddressOf(GuestActionKind.Nop), "do_nothing")));
        host.Guest().Run(GuestAction.Nop());
        Assert.Equal(before, Code(host));
        host.Guest().Run(GuestAction.WriteMsr(Msr.Lstar, entry));
        Hosts.Until(() => Different(before, Code(host)) == 1);
        host.Guest().Run(GuestAction.Nop());
        seen.Next<SoftwareBreakpointEvent>();
        Assert.False(seen.TryTake(out _));
        Assert.Contains("has not started its kernel", Assert.Single(told), StringComparison.Ordinal);
        session.Stop();
        AssertUntouched(host, before);
    }

    [Fact]
    public void Those_of_a_rule_that_begins_later_are_set_then()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        byte[] before = Code(host);
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        EventRule rule = new() { Name = "r", Watch = At(GuestActionKind.Nop), After = TimeSpan.FromHours(1) };
        using EventSubscription seen = session.Apply(new EventRules { Name = "p", Rules = [rule] });
        host.Guest().Run(GuestAction.Nop());
        Assert.Equal(before, Code(host));
        session.Replace(seen, new EventRules { Name = "p", Rules = [rule with { After = TimeSpan.FromTicks(1) }] });
        Hosts.Until(() => Different(before, Code(host)) == 1);
        host.Guest().Run(GuestAction.Nop());
        Assert.Equal("r", seen.Next<SoftwareBreakpointEvent>().Rule);
        session.Replace(seen, new EventRules { Name = "p", Rules = [rule with { Watch = At(GuestActionKind.Cpuid), After = TimeSpan.Zero }] });
        Assert.Equal(1, Different(before, Code(host)));
        host.Guest().Run(GuestAction.Nop(), GuestAction.Cpuid(0));
        Assert.Equal(AddressOf(GuestActionKind.Cpuid), seen.Next<SoftwareBreakpointEvent>().InstructionPointer);
        seen.Dispose();
        Assert.Equal(before, Code(host));
    }

    [Fact]
    public void A_page_that_must_not_be_executed_can_have_one()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        byte[] before = Code(host);
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        ulong page = GuestCode.GfnOf(AddressOf(GuestActionKind.WritePage));
        using EventSubscription executed = session.Watch(Watches.Repeated(PageAccess.Execute, new GfnRange(page)));
        using EventSubscription seen = session.Watch(At(GuestActionKind.WritePage));
        for (ulong value = 1; value <= 3; value++)
        {
            host.Guest().Run(GuestAction.WritePage(0x180, 8, value));
            Assert.Equal(value, host.Guest().ReadMemory(0x180, 8));
            executed.Next<MemAccessEvent>();
        }

        AssertNoException(host);
        session.Stop();
        AssertUntouched(host, before);
    }

    [Fact]
    public void A_reset_takes_away_those_of_a_listener_that_is_alive()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        byte[] before = Code(host);
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Watch(At(GuestActionKind.Nop, GuestActionKind.Cpuid, GuestActionKind.WritePage));
        Assert.Equal(3, MonitorReset.Run(host, host.Guest().Identity).BreakpointsRemoved);
        Assert.Equal(before, Code(host));
        session.Stop();
        Assert.Equal(SessionEndReason.Failed, session.End!.Reason);
        AssertUntouched(host, before);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    public void Calls_that_xen_refuses_for_a_while_leave_none_behind(int refused)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        byte[] before = Code(host);
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Watch(At(GuestActionKind.Nop, GuestActionKind.Cpuid));
        host.Guest().Faults.RefuseCalls(refused, Errno.EAGAIN);
        seen.Dispose();
        session.Stop();
        AssertUntouched(host, before);
    }

    [Fact]
    public void Of_a_destroyed_domain_nothing_is_kept()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Watch(At(GuestActionKind.Nop));
        Assert.Single(host.Guest().Breakpoints);
        host.Guest().Destroy();
        Hosts.Until(() => session.End is not null);
        Assert.Empty(host.Guest().Breakpoints);
        Assert.Empty(session.End!.TeardownFailures);
    }

    [Fact]
    public void Host_that_raises_no_breakpoint_events_is_refused_first()
    {
        using SimulatedHypervisor host = Hosts.Idle(options: new SimulationOptions { Architecture = GuestArchitecture.Arm64 });
        Hosts.Refused(XenErrorId.NotSupported, () => MonitorSession.EnsurePossible(host, host.Guest().Identity, At(GuestCode.KernelText)));
    }

    private static ulong AddressOf(GuestActionKind kind) => GuestCode.AddressOf(kind);

    private static EventWatch At(params GuestActionKind[] kinds) => At([.. kinds.Select(AddressOf)]);

    private static EventWatch At(params ulong[] addresses) => Of(null, [.. addresses.Select(address => new Breakpoint(address))]);

    private static EventWatch Of(KernelImage? kernel, params Breakpoint[] places) =>
        new() { Kinds = [VmEventKind.SoftwareBreakpoint], Breakpoints = new BreakpointWatch { At = places, Kernel = kernel } };

    private static byte[] Code(SimulatedHypervisor host)
    {
        byte[] code = new byte[CodeBytes];
        Assert.True(host.Guest().Memory.TryRead(0, code));
        return code;
    }

    private static int Different(byte[] before, byte[] after) => before.Zip(after).Count(one => one.First != one.Second);

    private static void AssertNoException(SimulatedHypervisor host)
    {
        foreach (SimulatedVCpu vcpu in host.Guest().VCpus)
            Assert.Equal((0, 0), (vcpu.GetExceptions(GuestCode.BreakpointVector), vcpu.GetExceptions(GuestCode.InvalidOpcodeVector)));
    }

    private static void AssertUntouched(SimulatedHypervisor host, byte[] before)
    {
        Assert.Equal(0, Different(before, Code(host)));
        Assert.Empty(host.Guest().Breakpoints);
        host.Guest().AssertFree();
        AssertNoException(host);
    }
}
