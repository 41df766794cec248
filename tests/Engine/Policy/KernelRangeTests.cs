using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Policy;
using XenVmEvent.Simulation;
using XenVmEvent.Symbols;
using XenVmEvent.Tests.Events;
using XenVmEvent.Tests.Monitoring;
using XenVmEvent.Tests.Simulation;
using XenVmEvent.Tests.Symbols;
using Xunit;

namespace XenVmEvent.Tests.Policy;

/// <summary>Rules restrict the pages of a part of the guest's kernel, which they name by its symbols.</summary>
public sealed class KernelRangeTests : IDisposable
{
    private const ulong Text = 0xffff_ffff_8100_0000;

    private readonly SimulatedHypervisor _host = Hosts.Idle();

    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData(0L)]
    [InlineData(0x200_0000L)]
    [InlineData(-0x20_0000L)]
    public void Writes_to_it_are_denied_however_the_guest_maps_it_and_wherever_the_kernel_is(long slide)
    {
        using MonitorSession session = _host.Session(ChannelPreference.Ring);
        EventRules rules = Policies.Rules(Symbols(slide), "{name: table, event: MemAccess, access: write, range: table, repeat: true, answer: emulateNoWrite}");
        using EventSubscription seen = session.Apply(rules);
        Assert.Equal(MemAccess.RX, session.GetMemAccess([new GfnRange(0x402)])[0].Access);
        Assert.Equal([new GfnRange(0x400), new GfnRange(0x403)], Unrestricted(session, 0x400, 0x403));

        // The guest writes by its direct map. The table is the middle of its second page, and the beginning of the next.
        _host.Guest().Run(
            GuestAction.WritePage(0x401, 0x7f8, 1), GuestAction.WritePage(0x401, 0x800, 2), GuestAction.WritePage(0x402, 0xff8, 3), GuestAction.WritePage(0x403, 0, 4));
        Assert.Equal((1UL, 0UL, 0UL, 4UL), (Memory(0x401, 0x7f8), Memory(0x401, 0x800), Memory(0x402, 0xff8), Memory(0x403, 0)));
        Assert.Equal((2L, 2L), (seen.RuleCounts[0].Fitted, seen.RuleCounts[0].Answered));
        seen.Dispose();
        Assert.Equal(MemAccess.Rwx, session.GetMemAccess([new GfnRange(0x402)])[0].Access);
        session.Stop();
        _host.Guest().AssertFree();
    }

    [Fact]
    public void Replacing_the_rules_leaves_no_moment_without_them()
    {
        using MonitorSession session = _host.Session(ChannelPreference.Ring);
        string rule = "{name: table, event: MemAccess, access: write, range: table, repeat: true, answer: emulateNoWrite}";
        using EventSubscription seen = session.Apply(Policies.Rules(Symbols(0), rule));
        SimulatedVCpu vcpu = _host.Guest().VCpus[0];
        Task running = vcpu.RunAsync([.. Enumerable.Range(1, 1000).Select(i => GuestAction.WritePage(0x402, 0, (ulong)i))]);
        for (int i = 0; i < 10; i++) session.Replace(seen, Policies.Rules(Symbols(0), rule));
        while (!running.IsCompleted) seen.TryTake(out _);
        running.Finish();
        Assert.Equal(0UL, Memory(0x402, 0));
    }

    [Fact]
    public void A_range_after_the_boot_is_found_when_the_guest_has_booted()
    {
        using MonitorSession session = _host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Apply(Policies.Rules(Symbols(0), "{name: text, event: MemAccess, access: write, range: first..last, after: boot, repeat: true}"));
        _host.Guest().Run(GuestAction.WritePage(0x400, 0, 1));
        Assert.Equal((false, 0L), (seen.RuleCounts[0].HasBegun, seen.RuleCounts[0].Fitted));
        _host.Guest().Run(GuestAction.Cpuid(0, fromProgram: true));
        Hosts.Until(() => session.GetMemAccess([new GfnRange(0x400)])[0].Access != MemAccess.Rwx);
        _host.Guest().Run(GuestAction.WritePage(0x400, 0, 2));
        Assert.Equal(1, seen.RuleCounts[0].Fitted);
        Assert.Equal(2UL, Memory(0x400, 0));
    }

    [Theory]
    [InlineData("0xffffff0000000000..0xffffff0000001000", 0, XenErrorId.InvalidRange, "has no memory at 0xffffff0000000000")]
    [InlineData("0xffff888000000000..0xffff8880ffffffff", 0, XenErrorId.InvalidRange, "more than 1 GiB")]
    [InlineData("table", 0x1000, XenErrorId.WrongSymbols, "symbols are those of another kernel")]
    [InlineData("module", 0x20_0000, XenErrorId.WrongSymbols, "module is not part of it")]
    public void What_is_not_there_is_refused_and_nothing_changes(string range, long slide, XenErrorId id, string message)
    {
        using MonitorSession session = _host.Session(ChannelPreference.Ring);
        EventRules rules = Policies.Rules(Symbols(slide), $"{{name: r, event: MemAccess, access: write, range: '{range}'}}");
        XenException refused = Hosts.Refused(id, () => session.Apply(rules));
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
        Assert.Empty(session.Policies);
        Assert.Equal(MemAccess.Rwx, session.GetMemAccess([new GfnRange(0x402)])[0].Access);
    }

    [Theory]
    [InlineData("name: a, event: MemAccess, access: write, range: nowhere", "'nowhere' is not a symbol of the map")]
    [InlineData("name: a, event: MemAccess, access: write, range: last..first", "its first is greater than its last")]
    [InlineData("name: a, event: MemAccess, access: write, range: table, gfn: 1", "by 'gfn' or by 'range'")]
    public void A_wrong_range_is_refused_where_it_is_wrong(string rule, string message)
    {
        PolicyProblem problem = Assert.Single(Policies.Problems(Policies.Of($"{{{rule}}}"), Symbols(0)));
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_trial_goes_by_the_linear_address_that_a_recording_has()
    {
        PolicyTrial trial = new(Policies.Parse("symbols: m\n" + Policies.Of("{name: table, event: MemAccess, access: write, range: table}"), Symbols(0)));
        Assert.NotNull(trial.Add(Access(Text + 0x40_1800)));
        Assert.Null(trial.Add(Access(Text + 0x40_17ff)));

        static VmEvent Access(ulong address) => new Requests(7).Event(VmEventKind.MemAccess, (VmEventField.MemAccessFlags, 2), (VmEventField.MemAccessGla, address));
    }

    private static GfnRange[] Unrestricted(MonitorSession session, ulong first, ulong last) =>
        [.. session.GetMemAccess([new GfnRange(first, last)]).Where(one => one.Access == MemAccess.Rwx).Select(one => one.Gfn)];

    private ulong Memory(ulong gfn, int offset) => _host.Guest().ReadMemory(gfn, offset);

    /// <summary>The guest's symbols, as if its kernel had been moved from there.</summary>
    private static SymbolMap Symbols(long slide)
    {
        (string Name, ulong Address)[] symbols =
        [
            ("_text", Text), ("first", Text + 0x40_0000), ("table", Text + 0x40_1800), ("last", Text + 0x40_3000), ("entry_SYSCALL_64", Text + 0xa0_0000), ("_end", Text + 0x100_0000),
        ];
        return SymbolMaps.Of(string.Concat(symbols.Select(one => $"{unchecked(one.Address - (ulong)slide):x16} T {one.Name}\n")) + "ffffffffc0000000 t module [ext4]\n");
    }
}
