using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;
using static XenVmEvent.Tests.Monitoring.BreakpointGuest;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>A guest that reads and writes its own code where breakpoints are hidden.</summary>
public sealed class HiddenBreakpointTests
{
    /// <summary>Where in its page the instruction of each kind is.</summary>
    private const int Offset = 0x120;

    /// <summary>A page of no-ops that the guest can execute anywhere.</summary>
    private const ulong CodePage = 0x90;

    private static readonly ulong NopPage = GuestCode.GfnOf(AddressOf(GuestActionKind.Nop));

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void The_guest_reads_its_own_code_and_each_execution_is_seen(ChannelPreference channel)
    {
        using BreakpointGuest guest = new();
        ulong own = guest.Domain.ReadMemory(NopPage, Offset);
        using MonitorSession session = guest.Session(channel);
        using EventSubscription seen = session.Watch(Hidden(At(GuestActionKind.Nop, GuestActionKind.Cpuid)));
        Assert.Equal(2, guest.ChangedBytes);
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(own, Read(guest, NopPage, Offset));
            guest.Run(GuestAction.Nop());
            Assert.Equal(AddressOf(GuestActionKind.Nop), seen.Next<SoftwareBreakpointEvent>().InstructionPointer);
        }

        Assert.False(seen.TryTake(out _));
        Assert.False(guest.Domain.VCpus[0].IsSingleStepping);
        seen.Dispose();
        Assert.Equal(0, guest.ChangedBytes);
        guest.Domain.AssertAllPagesFree();
        session.Stop();
        guest.AssertUntouched();
    }

    [Fact]
    public void What_it_writes_beside_a_breakpoint_is_there_and_the_breakpoint_stays()
    {
        using BreakpointGuest guest = new();
        using MonitorSession session = guest.Session();
        using EventSubscription seen = session.Watch(Hidden(At(Code(0x100), Code(0x200))));
        guest.Run(GuestAction.WritePage(CodePage, 0x108, 42), GuestAction.WritePage(CodePage, 0xf8, 43));
        Assert.Equal((42UL, 43UL), (Read(guest, CodePage, 0x108), Read(guest, CodePage, 0xf8)));
        guest.Run(GuestAction.ExecutePage(CodePage, 0x100), GuestAction.ExecutePage(CodePage, 0x200));
        Assert.Equal([Code(0x100), Code(0x200)], Enumerable.Range(0, 2).Select(_ => seen.Next<SoftwareBreakpointEvent>().InstructionPointer));
        session.Stop();
        guest.Domain.AssertFree();
        Assert.Equal((42UL, 43UL), (guest.Domain.ReadMemory(CodePage, 0x108), guest.Domain.ReadMemory(CodePage, 0xf8)));
        guest.AssertNoException();
    }

    /// <summary>As a guest patches its code: with INT3 first, with another instruction, or with what is there already.</summary>
    [Theory]
    [InlineData(0xcc)]
    [InlineData(0x66)]
    [InlineData(0x90)]
    public void What_it_writes_over_a_breakpoint_is_its_own(byte written)
    {
        using BreakpointGuest guest = new();
        List<string> told = [];
        using MonitorSession session = guest.Session(warn: text => { lock (told) told.Add(text); });
        using EventSubscription seen = session.Watch(Hidden(At(Code(0x100), Code(0x200))));
        ulong patch = 0x9090_9090_9090_9000UL | written;
        guest.Run(GuestAction.WritePage(CodePage, 0x100, patch));
        Assert.Equal(patch, Read(guest, CodePage, 0x100));
        guest.Run(GuestAction.ExecutePage(CodePage, 0x100), GuestAction.ExecutePage(CodePage, 0x200));
        Assert.Equal(written == 0xcc ? 1 : 0, guest.Domain.VCpus[0].GetExceptions(GuestCode.BreakpointVector));
        if (written == GuestCode.Int3) Assert.Equal(Code(0x100), seen.Next<SoftwareBreakpointEvent>().InstructionPointer);
        Assert.Equal(Code(0x200), seen.Next<SoftwareBreakpointEvent>().InstructionPointer);
        Assert.False(seen.TryTake(out _));
        lock (told) Assert.Contains($"0x{Code(0x100):x}", Assert.Single(told), StringComparison.Ordinal);
        Assert.Single(guest.Domain.Breakpoints);
        session.Stop();
        Assert.Equal(patch, guest.Domain.ReadMemory(CodePage, 0x100));
        Assert.Empty(guest.Domain.Breakpoints);
        guest.Domain.AssertFree();
    }

    /// <summary>vCPUs that read, write and execute the same pages, and ends of the watch at any moment.</summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public void Whatever_vcpus_do_they_find_their_own_code()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            Random random = new(seed);
            int vcpus = 1 + seed % 4;
            using BreakpointGuest guest = new(vcpus);
            using MonitorSession session = guest.Session(seed % 2 == 0 ? ChannelPreference.Ring : ChannelPreference.Slotted);
            ulong[] places = [.. Enumerable.Range(0, 8).Select(i => Code(0x100 + i * 0x40))];
            using EventSubscription hidden = session.Watch(Hidden(At([.. places[..6], AddressOf(GuestActionKind.Nop)])) with { BufferSize = 2000 });
            using EventSubscription others = session.Watch(At(places[4..]) with { BufferSize = 2000 });
            ulong nop = 0x9090_9090_9090_9090;
            Task<int>[] running = [.. guest.Domain.VCpus.Select((vcpu, id) => Task.Factory.StartNew(
                () => Live(vcpu, new Random(seed * 10 + id)), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
            if (seed % 3 == 1) hidden.Dispose();
            if (seed % 3 == 2) session.Stop();
            int executed = running.Sum(one =>
            {
                one.Finish();
                return one.Result;
            });
            guest.AssertNoException();
            if (seed % 3 == 0 && vcpus == 1)
            {
                int shown = 0;
                while (hidden.TryTake(out _)) shown++;
                Assert.True(executed == shown, $"Seed {seed}: {executed} were executed and {shown} seen.");
            }

            session.Stop();
            guest.AssertUntouched();

            // Returns how often it has executed one of the hidden places.
            int Live(SimulatedVCpu vcpu, Random choice)
            {
                int count = 0;
                for (int i = 0; i < 60; i++)
                {
                    int place = choice.Next(8);
                    switch (choice.Next(4))
                    {
                        case 0:
                            vcpu.RunAsync(GuestAction.ReadPage(CodePage, 0x100 + place * 0x40)).Finish();

                            // Those of the other watch are seen once nobody hides them.
                            ulong read = vcpu.GetRegister(SettableRegister.Rax);
                            bool isOwn = read == nop || (seed % 3 == 1 && place >= 4 && read == (nop & ~0xffUL | 0xcc));
                            Assert.True(isOwn, $"Seed {seed}: the guest read 0x{read:x}.");
                            break;
                        case 1:
                            vcpu.RunAsync(GuestAction.WritePage(CodePage, 0x120 + place * 0x40, nop)).Finish();
                            break;
                        case 2:
                            vcpu.RunAsync(GuestAction.Nop()).Finish();
                            count++;
                            break;
                        default:
                            vcpu.RunAsync(GuestAction.ExecutePage(CodePage, 0x100 + place * 0x40)).Finish();
                            count += place < 6 ? 1 : 0;
                            break;
                    }
                }

                return count;
            }
        }
    }

    [Fact]
    public void A_page_that_is_read_all_the_time_is_the_guests_for_a_while()
    {
        using BreakpointGuest guest = new();
        List<string> told = [];
        using MonitorSession session = MonitorSession.Start(
            guest.Host, guest.Domain.Identity, new MonitorOptions { Warn = text => { lock (told) told.Add(text); }, MostHiddenAccesses = 1 });
        using EventSubscription seen = session.Watch(Hidden(At(GuestActionKind.Nop)));
        ulong own = 0x90;
        Hosts.Until(() =>
        {
            Assert.Equal(own, Read(guest, NopPage, Offset));
            lock (told) return told.Count > 0;
        });
        Assert.Contains($"gfn 0x{NopPage:x}", Assert.Single(told), StringComparison.Ordinal);
        Hosts.Until(() => guest.ChangedBytes == 1);
        guest.Run(GuestAction.Nop());
        seen.Next<SoftwareBreakpointEvent>();
        session.Stop();
        guest.AssertUntouched();
    }

    [Fact]
    public void What_others_watch_in_such_a_page_is_never_let_through()
    {
        using BreakpointGuest guest = new();
        List<string> told = [];
        using MonitorSession session = MonitorSession.Start(
            guest.Host, guest.Domain.Identity, new MonitorOptions { Warn = text => { lock (told) told.Add(text); }, MostHiddenAccesses = 1 });
        EventRule writes = new() { Name = "writes", Watch = Watches.Repeated(PageAccess.Write, new GfnRange(CodePage)), Answer = new VmEventResponse(VmEventAction.EmulateNoWrite) };
        EventRule breakpoint = new() { Name = "breakpoint", Watch = Hidden(At(Code(0x100))) };
        using EventSubscription seen = session.Apply(new EventRules { Name = "p", Rules = [writes, breakpoint] });
        ulong own = 0x9090_9090_9090_9090;
        Hosts.Until(() =>
        {
            Assert.Equal(own, Read(guest, CodePage, 0x100));
            guest.Run(GuestAction.WritePage(CodePage, 0x100, 1));
            Assert.Equal("writes", seen.Next<MemAccessEvent>().Rule);
            lock (told) return told.Count > 0;
        });
        for (int i = 0; i < 3; i++)
        {
            guest.Run(GuestAction.WritePage(CodePage, 0x100, 1));
            seen.Next<MemAccessEvent>();
            Assert.Equal(own, Read(guest, CodePage, 0x100));
        }

        session.Stop();
        guest.AssertUntouched();
    }

    [Fact]
    public void Others_that_watch_the_page_see_what_they_asked_for_and_decide_on_nothing_else()
    {
        using BreakpointGuest guest = new();
        ulong own = guest.Domain.ReadMemory(CodePage, 0x100);
        using MonitorSession session = guest.Session();
        session.SetDefaultResponse(VmEventKind.MemAccess, new VmEventResponse(VmEventAction.EmulateNoWrite));
        using EventSubscription seen = session.Watch(Hidden(At(Code(0x100), AddressOf(GuestActionKind.Nop))));
        guest.Run(GuestAction.WritePage(CodePage, 0x200, 1));
        Assert.Equal(1UL, guest.Domain.ReadMemory(CodePage, 0x200));

        using EventSubscription writes = session.Watch(Watches.Repeated(PageAccess.Write, new GfnRange(CodePage)));
        guest.Run(GuestAction.WritePage(CodePage, 0x100, 2));
        Assert.Equal(own, Read(guest, CodePage, 0x100));
        Assert.Equal(0x100UL, writes.Next<MemAccessEvent>().Offset);
        Assert.False(writes.TryTake(out _));
        writes.Dispose();

        using EventSubscription reads = session.Watch(Watches.Repeated(PageAccess.Read, new GfnRange(CodePage)));
        session.SetDefaultResponse(VmEventKind.MemAccess, VmEventResponse.Emulate);
        Assert.Equal(own, Read(guest, CodePage, 0x100));
        reads.Next<MemAccessEvent>();
        reads.Dispose();
        Hosts.Until(() => guest.Domain.Memory.ByteAt(CodePage * SharedMemory.PageSize + 0x100) == GuestCode.Int3);
        guest.Run(GuestAction.ExecutePage(CodePage, 0x100));
        Assert.Equal(Code(0x100), seen.Next<SoftwareBreakpointEvent>().InstructionPointer);
        session.Stop();
        guest.Domain.AssertFree();
        guest.AssertNoException();
    }

    [Fact]
    public void They_are_hidden_in_every_view()
    {
        using BreakpointGuest guest = new();
        ulong own = guest.Domain.ReadMemory(CodePage, 0x100);
        using MonitorSession session = guest.Session();
        ushort view = session.CreateView().View;
        session.SwitchToView(view);
        using EventSubscription seen = session.Watch(Hidden(At(Code(0x100))));
        EventWatch inView = Watches.Repeated(PageAccess.Read, new GfnRange(CodePage));
        using EventSubscription reads = session.Watch(inView with { Pages = inView.Pages! with { View = view } });
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(own, Read(guest, CodePage, 0x100));
            reads.Next<MemAccessEvent>();
            guest.Run(GuestAction.ExecutePage(CodePage, 0x100));
            seen.Next<SoftwareBreakpointEvent>();
            Assert.Equal((view, false), (guest.Domain.VCpus[0].View, guest.Domain.VCpus[0].IsSingleStepping));
        }

        reads.Dispose();
        Assert.Equal(own, Read(guest, CodePage, 0x100));
        session.Stop();
        guest.AssertUntouched();
    }

    [Fact]
    public void A_page_is_hidden_as_long_as_one_watch_wants_it()
    {
        using BreakpointGuest guest = new();
        ulong own = guest.Domain.ReadMemory(CodePage, 0x100);
        using MonitorSession session = guest.Session();
        EventRule rule = new() { Name = "r", Watch = Hidden(At(Code(0x100))) };
        using EventSubscription policy = session.Apply(new EventRules { Name = "p", Rules = [rule] });
        using EventSubscription open = session.Watch(At(Code(0x100), Code(0x200)));
        session.Replace(policy, new EventRules { Name = "p", Rules = [rule with { Watch = Hidden(At(Code(0x200))) }] });
        Assert.Equal(own, Read(guest, CodePage, 0x100));
        policy.Dispose();
        Assert.NotEqual(own, Read(guest, CodePage, 0x100));
        guest.Domain.AssertAllPagesFree();
        guest.Run(GuestAction.ExecutePage(CodePage, 0x100));
        Assert.Equal(Code(0x100), open.Next<SoftwareBreakpointEvent>().InstructionPointer);
        session.Stop();
        guest.AssertUntouched();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    [InlineData(9)]
    public void Calls_that_xen_refuses_for_a_while_leave_nothing_behind(int refused)
    {
        using BreakpointGuest guest = new();
        using MonitorSession session = guest.Session();
        using EventSubscription seen = session.Watch(Hidden(At(GuestActionKind.Nop, GuestActionKind.Cpuid)));
        guest.Domain.Faults.RefuseCalls(refused, Errno.EAGAIN);
        guest.Run(GuestAction.ReadPage(NopPage, Offset));
        session.Stop();
        guest.AssertUntouched();
    }

    [Fact]
    public void A_host_that_cannot_hide_them_is_refused_first()
    {
        using SimulatedHypervisor host = Hosts.Idle(options: new SimulationOptions { HasExtendedPageTables = false });
        EventWatch watch = Hidden(At(GuestActionKind.Nop));
        XenDomain domain = host.Guest().Identity;
        byte before = host.Guest().Memory.ByteAt(AddressOf(GuestActionKind.Nop) - GuestCode.KernelText);
        Hosts.Refused(XenErrorId.NotSupported, () => MonitorSession.EnsurePossible(host, domain, watch));
        Assert.NotNull(MonitorSession.FindObjection(host, domain, new EventRule { Name = "r", Watch = watch }));
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        Hosts.Refused(XenErrorId.NotSupported, () => session.Watch(watch));
        Assert.Equal(before, host.Guest().Memory.ByteAt(AddressOf(GuestActionKind.Nop) - GuestCode.KernelText));
        session.Stop();
        host.Guest().AssertFree();
    }

    private static ulong Code(int offset) => GuestCode.KernelText + CodePage * SharedMemory.PageSize + (ulong)offset;

    private static EventWatch Hidden(EventWatch watch) => watch with { Breakpoints = watch.Breakpoints! with { Hide = true } };

    private static ulong Read(BreakpointGuest guest, ulong gfn, int offset)
    {
        guest.Run(GuestAction.ReadPage(gfn, offset));
        return guest.Domain.VCpus[0].GetRegister(SettableRegister.Rax);
    }
}
