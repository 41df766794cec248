using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;
using static XenVmEvent.Tests.Monitoring.BreakpointGuest;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>What a guest meets at breakpoints that the engine has set in its kernel.</summary>
public sealed class BreakpointTests
{
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
        using BreakpointGuest guest = new();
        using MonitorSession session = guest.Session(channel);
        using EventSubscription seen = session.Watch(At(GuestActionKind.WritePage, GuestActionKind.Cpuid));
        Assert.Equal(2, guest.ChangedBytes);
        guest.Run(GuestAction.WritePage(0x180, 8, 42), GuestAction.Nop(), GuestAction.Cpuid(0), GuestAction.WritePage(0x180, 16, 43));
        Assert.Equal(
            [AddressOf(GuestActionKind.WritePage), AddressOf(GuestActionKind.Cpuid), AddressOf(GuestActionKind.WritePage)],
            Enumerable.Range(0, 3).Select(_ => seen.Next<SoftwareBreakpointEvent>().InstructionPointer));
        Assert.False(seen.TryTake(out _));
        Assert.Equal((42UL, 43UL, 0x16UL), (guest.Domain.ReadMemory(0x180, 8), guest.Domain.ReadMemory(0x180, 16), guest.Domain.VCpus[0].GetRegister(SettableRegister.Rax)));
        seen.Dispose();
        Assert.Equal(0, guest.ChangedBytes);
        session.Stop();
        guest.AssertUntouched();
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
            using BreakpointGuest guest = new(vcpus);
            GuestActionKind[] places = [.. Emulated.Concat(NotEmulated).Where(_ => random.Next(2) == 0).Append(GuestActionKind.Nop)];
            GuestAction[][] scripts = [.. Enumerable.Range(0, vcpus).Select(_ => Enumerable.Range(0, 200).Select(_ => Any(random)).ToArray())];
            using MonitorSession session = guest.Session(seed % 2 == 0 ? ChannelPreference.Ring : ChannelPreference.Slotted);
            using EventSubscription seen = session.Watch(At(places) with { BufferSize = 2000 });
            Task[] running = [.. scripts.Select((script, vcpu) => guest.Domain.VCpus[vcpu].RunAsync(script))];
            bool isWhole = seed % 3 != 0;
            if (isWhole) foreach (Task one in running) one.Finish();
            else if (random.Next(2) == 0) seen.Dispose();
            else session.Stop();
            foreach (Task one in running) one.Finish();

            long[] exceptions = [.. guest.Domain.VCpus.Select(v => v.GetExceptions(GuestCode.BreakpointVector) + v.GetExceptions(GuestCode.InvalidOpcodeVector))];
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
            Assert.True(guest.ChangedBytes == 0, $"Seed {seed}: the guest's code is changed.");
            guest.AssertUntouched();
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
        using BreakpointGuest guest = new();
        using MonitorSession session = guest.Session();
        using EventSubscription seen = session.Watch(At(kind));
        GuestAction action = kind == GuestActionKind.GuestRequest ? GuestAction.GuestRequest() : GuestAction.WritePageWithVector(0x180, 0, 42);
        for (int i = 1; i <= 3; i++)
        {
            Hosts.Until(() => guest.ChangedBytes == 1);
            guest.Run(action);
            Assert.Equal(AddressOf(kind), seen.Next<SoftwareBreakpointEvent>().InstructionPointer);
        }

        Assert.False(seen.TryTake(out _));
        guest.AssertNoException();
        session.Stop();
        guest.AssertUntouched();
    }

    [Fact]
    public void The_guests_own_breakpoints_stay_its_own()
    {
        using BreakpointGuest guest = new();
        using MonitorSession session = guest.Session();
        using EventSubscription named = session.Watch(At(GuestActionKind.Breakpoint));
        using EventSubscription other = session.Watch(At(GuestActionKind.Nop));
        guest.Run(GuestAction.Breakpoint(), GuestAction.Breakpoint());
        named.Next<SoftwareBreakpointEvent>();
        named.Next<SoftwareBreakpointEvent>();
        Assert.False(other.TryTake(out _));
        Assert.Equal(2, guest.Domain.VCpus[0].GetExceptions(GuestCode.BreakpointVector));
        session.Stop();
        Assert.Equal(0, guest.ChangedBytes);
    }

    [Theory]
    [InlineData(VmEventAction.Continue)]
    [InlineData(VmEventAction.Skip)]
    [InlineData(VmEventAction.Reinject)]
    public void However_it_is_answered_the_guest_never_meets_a_breakpoint_that_it_has_not_set(VmEventAction action)
    {
        using BreakpointGuest guest = new();
        using MonitorSession session = guest.Session();
        using EventSubscription seen = session.Watch(At(GuestActionKind.WritePage) with { Hold = true });
        Task running = guest.Domain.VCpus[0].RunAsync(GuestAction.WritePage(0x180, 8, 42));
        seen.Next<SoftwareBreakpointEvent>().Respond(new VmEventResponse(action));
        running.Finish();
        Assert.Equal(42UL, guest.Domain.ReadMemory(0x180, 8));
        guest.AssertNoException();
        session.Stop();
        guest.AssertUntouched();
    }

    [Fact]
    public void An_answer_may_set_registers_or_send_the_vcpu_elsewhere()
    {
        using BreakpointGuest guest = new();
        using MonitorSession session = guest.Session();
        using EventSubscription seen = session.Watch(At(GuestActionKind.WritePage) with { Hold = true });
        Task running = guest.Domain.VCpus[0].RunAsync(GuestAction.WritePage(0x180, 8, 42));
        seen.Next<SoftwareBreakpointEvent>().Respond(VmEventResponse.Continue.WithRegister(SettableRegister.Rbx, 0x1234));
        running.Finish();
        Assert.Equal((42UL, 0x1234UL), (guest.Domain.ReadMemory(0x180, 8), guest.Domain.VCpus[0].GetRegister(SettableRegister.Rbx)));

        Hosts.Until(() => guest.ChangedBytes == 1);
        running = guest.Domain.VCpus[0].RunAsync(GuestAction.WritePage(0x180, 8, 43));
        seen.Next<SoftwareBreakpointEvent>().Respond(VmEventResponse.Continue.WithRegister(SettableRegister.Rip, AddressOf(GuestActionKind.Nop)));
        running.Finish();
        Assert.Equal(42UL, guest.Domain.ReadMemory(0x180, 8));
        Assert.False(seen.TryTake(out _));
        guest.AssertNoException();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_vcpu_that_waits_in_its_event_goes_on_when_the_breakpoint_is_taken_away(bool stop)
    {
        using BreakpointGuest guest = new();
        using MonitorSession session = guest.Session();
        using EventSubscription seen = session.Watch(At(GuestActionKind.WritePage) with { Hold = true });
        Task running = guest.Domain.VCpus[0].RunAsync(GuestAction.WritePage(0x180, 8, 42));
        seen.Next<SoftwareBreakpointEvent>();
        if (stop) session.Stop();
        else seen.Dispose();
        running.Finish();
        Assert.Equal(42UL, guest.Domain.ReadMemory(0x180, 8));
        guest.AssertNoException();
        session.Stop();
        guest.AssertUntouched();
    }

    [Fact]
    public void A_page_that_must_not_be_executed_can_have_one()
    {
        using BreakpointGuest guest = new();
        using MonitorSession session = guest.Session();
        ulong page = GuestCode.GfnOf(AddressOf(GuestActionKind.WritePage));
        using EventSubscription executed = session.Watch(Watches.Repeated(PageAccess.Execute, new GfnRange(page)));
        using EventSubscription seen = session.Watch(At(GuestActionKind.WritePage));
        for (ulong value = 1; value <= 3; value++)
        {
            guest.Run(GuestAction.WritePage(0x180, 8, value));
            Assert.Equal(value, guest.Domain.ReadMemory(0x180, 8));
            executed.Next<MemAccessEvent>();
        }

        guest.AssertNoException();
        session.Stop();
        guest.AssertUntouched();
    }
}
