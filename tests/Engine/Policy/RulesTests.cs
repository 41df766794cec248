using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Symbols;
using XenVmEvent.Tests.Monitoring;
using XenVmEvent.Tests.Simulation;
using XenVmEvent.Tests.Symbols;
using Xunit;

namespace XenVmEvent.Tests.Policy;

/// <summary>Rules decide on what a guest does.</summary>
public sealed class RulesTests : IDisposable
{
    private readonly SimulatedHypervisor _host = Hosts.Idle();

    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void The_first_rule_that_fits_answers_and_marks_the_event(ChannelPreference channel)
    {
        using MonitorSession session = _host.Session(channel);
        using EventSubscription seen = session.Apply(Policies.Rules(
            "{name: allowed, event: MovToMsr, msr: IA32_LSTAR, when: newValue == 0x1111, answer: continue}",
            "{name: lstar, event: MovToMsr, msr: IA32_LSTAR, answer: deny, severity: critical, message: Somebody set LSTAR.}",
            "{name: others, event: MovToMsr, msr: [IA32_LSTAR, IA32_SYSENTER_EIP]}"));
        SimulatedVCpu vcpu = _host.Guest().VCpus[0];
        _host.Guest().Run(GuestAction.WriteMsr(Msr.Lstar, 0x1111), GuestAction.WriteMsr(Msr.Lstar, 0x2222), GuestAction.WriteMsr(Msr.SysenterEip, 0x3333), GuestAction.Cpuid(0));
        Assert.Equal((0x1111UL, 0x3333UL), (vcpu.GetMsr(Msr.Lstar), vcpu.GetMsr(Msr.SysenterEip)));
        Assert.Equal(
            [("allowed", "Continue", ResponseState.Rule), ("lstar", "Deny", ResponseState.Rule), ("others", "Continue", ResponseState.Default)],
            Enumerable.Range(0, 3).Select(_ => seen.Next<MovToMsrEvent>()).Select(e => (e.Rule!, e.Response!.Name, e.ResponseState)));
        Assert.Equal([1L, 1, 1], seen.RuleCounts.Select(one => one.Fitted));
        Assert.Equal([1L, 1, 0], seen.RuleCounts.Select(one => one.Answered));
        session.Stop();
        _host.Guest().AssertFree();
    }

    [Fact]
    public void A_policy_that_monitors_marks_events_and_changes_nothing()
    {
        using MonitorSession session = _host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Apply(Policies.Rules("{name: lstar, event: MovToMsr, msr: IA32_LSTAR, answer: deny, severity: critical}") with { Enforces = false });
        _host.Guest().Run(GuestAction.WriteMsr(Msr.Lstar, 0x2222));
        MovToMsrEvent one = seen.Next<MovToMsrEvent>();
        Assert.Equal(("lstar", "test", RuleSeverity.Critical, ResponseState.Default, "Continue"), (one.Rule, one.Policy, one.Severity, one.ResponseState, one.Response!.Name));
        Assert.Equal(0x2222UL, _host.Guest().VCpus[0].GetMsr(Msr.Lstar));
    }

    [Fact]
    public void Registers_are_computed_from_the_event_whether_or_not_anybody_sees_it()
    {
        using MonitorSession session = _host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Apply(Policies.Rules(
            "{name: shown, event: Cpuid, when: leaf == 0, set: {rbx: rbx & 0xffff, rax: 7}}",
            "{name: hidden, event: Cpuid, when: leaf == 1, set: {rbx: rbx ^ rbx, rcx: vcpu + 5}, report: none}"));
        SimulatedVCpu vcpu = _host.Guest().VCpus[0];
        _host.Guest().Run(GuestAction.Cpuid(0));
        Assert.Equal((0x6547UL, 7UL), (vcpu.Registers[VmEventField.Rbx], vcpu.Registers[VmEventField.Rax]));
        Assert.Equal("Continue, Rax=0x7, Rbx=0x6547", seen.Next<CpuidEvent>().Response!.Name);
        _host.Guest().Run(GuestAction.Cpuid(1));
        Assert.Equal((0UL, 5UL), (vcpu.Registers[VmEventField.Rbx], vcpu.Registers[VmEventField.Rcx]));
        Assert.False(seen.TryTake(out _));
    }

    [Fact]
    public void Samples_and_limits_bound_what_is_shown_and_nothing_that_is_decided()
    {
        using MonitorSession session = _host.Session(ChannelPreference.Ring);
        EventRules rules = Policies.Rules(
            "{name: sampled, event: Cpuid, when: leaf == 0, report: sample 1/3}",
            "{name: limited, event: MovToMsr, msr: IA32_LSTAR, report: at most 2/s, answer: deny}");
        using EventSubscription seen = session.Apply(rules with { MostPerSecond = 1000 });
        _host.Guest().Run([.. Enumerable.Repeat(GuestAction.Cpuid(0), 9)]);
        Assert.Equal(3, Drain(seen));
        _host.Guest().Run([.. Enumerable.Repeat(GuestAction.WriteMsr(Msr.Lstar, 0x77), 50)]);
        RuleCounts limited = seen.RuleCounts[1];
        Assert.Equal((50L, 50L, 50L), (limited.Fitted, limited.Answered, limited.Reported + limited.Shed));
        Assert.True(limited.Shed > 0);
        Assert.Equal(limited.Reported, Drain(seen));
        Assert.Equal(limited.Shed, seen.Shed);
        Assert.NotEqual(0x77UL, _host.Guest().VCpus[0].GetMsr(Msr.Lstar));
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_rule_after_the_boot_begins_with_the_first_program(ChannelPreference channel)
    {
        using MonitorSession session = _host.Session(channel);
        using EventSubscription seen = session.Apply(Policies.Rules(
            "{name: lstar, event: MovToMsr, msr: IA32_LSTAR, after: boot, answer: deny}",
            "{name: pages, event: MemAccess, access: write, gfn: 0x400, after: boot, answer: emulateNoWrite}"));
        SimulatedVCpu vcpu = _host.Guest().VCpus[0];
        _host.Guest().Run(GuestAction.Cpuid(0), GuestAction.WriteMsr(Msr.Lstar, 1), GuestAction.WritePage(0x400, 0, 1));
        Assert.Equal(1UL, vcpu.GetMsr(Msr.Lstar));
        Assert.All(seen.RuleCounts, one => Assert.Equal((false, 0L), (one.HasBegun, one.Fitted)));
        Assert.Equal(MemAccess.Rwx, session.GetMemAccess([new GfnRange(0x400)])[0].Access);

        _host.Guest().Run(GuestAction.Cpuid(0, fromProgram: true));
        Hosts.Until(() => seen.RuleCounts.All(one => one.HasBegun) && session.GetMemAccess([new GfnRange(0x400)])[0].Access != MemAccess.Rwx);
        _host.Guest().Run(GuestAction.WriteMsr(Msr.Lstar, 2), GuestAction.WritePage(0x400, 0, 2));
        Assert.Equal((1UL, 1UL), (vcpu.GetMsr(Msr.Lstar), _host.Guest().Memory.Read(0x400_000)));
        Assert.Equal(["lstar", "pages"], [seen.Next<MovToMsrEvent>().Rule, seen.Next<MemAccessEvent>().Rule]);

        // Nobody wants CPUID any more.
        long events = session.GetStatistics().Events;
        _host.Guest().Run(GuestAction.Cpuid(0), GuestAction.Cpuid(0, fromProgram: true));
        Assert.Equal(events, session.GetStatistics().Events);
        session.Replace(seen, Policies.Rules("{name: next, event: MovToMsr, msr: IA32_LSTAR, after: boot, answer: deny}"));
        Assert.True(seen.RuleCounts[0].HasBegun, "The guest had booted before the rules were replaced.");
        session.Stop();
        _host.Guest().AssertFree();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Rules_that_go_before_the_boot_has_ended_take_nothing_from_others(bool replaced)
    {
        using MonitorSession session = _host.Session(ChannelPreference.Ring);
        using EventSubscription cpuid = session.Watch(Watches.For(VmEventKind.Cpuid));
        EventSubscription waiting = session.Apply(Policies.Rules("{name: lstar, event: MovToMsr, msr: IA32_LSTAR, after: boot}"));
        if (replaced) session.Replace(waiting, Policies.Rules("{name: lstar, event: MovToMsr, msr: IA32_LSTAR}"));
        waiting.Dispose();
        _host.Guest().Run(GuestAction.Cpuid(0));
        Assert.IsType<CpuidEvent>(cpuid.Next<CpuidEvent>());
    }

    [Fact]
    public void A_rule_that_waits_for_its_time_switches_nothing_on()
    {
        using MonitorSession session = _host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Apply(Policies.Rules("{name: later, event: Cpuid, after: 1h}"));
        _host.Guest().Run(GuestAction.Cpuid(0));
        Assert.Equal(0, session.GetStatistics().Events);
        session.Replace(seen, Policies.Rules("{name: soon, event: Cpuid, after: 1ms}"));
        Hosts.Until(() => seen.RuleCounts[0].HasBegun);
        _host.Guest().Run(GuestAction.Cpuid(0));
        Assert.Equal("soon", seen.Next<CpuidEvent>().Rule);
    }

    [Fact]
    public void A_rule_that_cannot_begin_is_told_and_leaves_nothing_behind()
    {
        List<string> warnings = [];
        using MonitorSession session = MonitorSession.Start(_host, _host.FindDomain(Hosts.Guest), new MonitorOptions { Channel = ChannelPreference.Ring, Warn = warnings.Add });
        using EventSubscription seen = session.Apply(Policies.Rules(
            "{name: nowhere, event: MemAccess, access: write, gfn: 0xffffff0, after: boot}", "{name: lstar, event: MovToMsr, msr: IA32_LSTAR, after: boot}"));
        _host.Guest().Run(GuestAction.Cpuid(0, fromProgram: true));
        Hosts.Until(() => seen.RuleCounts[1].HasBegun && warnings.Count > 0);
        Assert.Contains("the rule nowhere of the policy test could not begin", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.False(seen.RuleCounts[0].HasBegun);
        session.Stop();
        _host.Guest().AssertFree();
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_limit_that_slows_shows_everything_and_keeps_the_guest_to_its_budget(ChannelPreference channel)
    {
        using MonitorSession session = _host.Session(channel);
        EventRules rules = Policies.Rules("{name: all, event: Cpuid}", "{name: lstar, event: MovToMsr, msr: IA32_LSTAR, answer: deny}") with { MostPerSecond = 100, Excess = ExcessAction.Slow };
        using EventSubscription seen = session.Apply(rules);
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        _host.Guest().Run([.. Enumerable.Repeat(GuestAction.Cpuid(0), 110), GuestAction.WriteMsr(Msr.Lstar, 0x77)]);

        // A second's worth passes at once; the others are 10 ms apart, whatever this machine is busy with.
        Assert.InRange(System.Diagnostics.Stopwatch.GetElapsedTime(start), TimeSpan.FromMilliseconds(100), TimeSpan.MaxValue);
        Assert.Equal(111, Drain(seen));
        Assert.Equal(0, seen.Shed);
        Assert.NotEqual(0x77UL, _host.Guest().VCpus[0].GetMsr(Msr.Lstar));
        Assert.Equal(0, session.GetStatistics().TimedOut);
    }

    [Fact]
    public void A_guest_that_is_slowed_runs_on_when_the_rules_are_gone()
    {
        using MonitorSession session = _host.Session(ChannelPreference.Ring, TimeSpan.FromMinutes(5));
        EventSubscription seen = session.Apply(Policies.Rules("{name: all, event: Cpuid}") with { MostPerSecond = 1, Excess = ExcessAction.Slow });
        Task running = _host.Guest().VCpus[0].RunAsync([.. Enumerable.Repeat(GuestAction.Cpuid(0), 1000)]);
        Hosts.Until(() => seen.RuleCounts[0].Slowed > 0);
        seen.Dispose();
        running.Finish();
        session.Stop();
        _host.Guest().AssertFree();
    }

    [Fact]
    public void What_a_limit_sheds_is_marked_as_a_loss()
    {
        using MonitorSession session = _host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Apply(Policies.Rules("{name: all, event: Cpuid}") with { MostPerSecond = 1 });
        _host.Guest().Run([.. Enumerable.Repeat(GuestAction.Cpuid(0), 20)]);
        VmEvent first = seen.Next<CpuidEvent>();
        seen.Dispose();
        long known = 0;
        EventLoss[] losses = [.. first.Losses.Since(ref known)];
        Assert.All(losses, loss => Assert.Equal(LossReason.Shed, loss.Reason));
        Assert.Equal(seen.Shed, losses.Sum(loss => loss.Events));
        Assert.True(seen.Shed > 0);
    }

    [Fact]
    public void Rules_and_watches_see_the_same_event_and_the_rule_answers()
    {
        using MonitorSession session = _host.Session(ChannelPreference.Ring);
        using EventSubscription watched = session.Watch(Watches.Msrs(Msr.Lstar) with { Hold = true });
        using EventSubscription seen = session.Apply(Policies.Rules("{name: lstar, event: MovToMsr, msr: IA32_LSTAR, when: newValue == 2, answer: deny}"));
        _host.Guest().Run(GuestAction.WriteMsr(Msr.Lstar, 2));
        Assert.Equal(("lstar", ResponseState.Rule), (watched.Next<MovToMsrEvent>() is var one ? one.Rule : null, one.ResponseState));
        Assert.Same(one, seen.Next<MovToMsrEvent>());
        XenException refused = Assert.Throws<XenException>(() => one.Respond(VmEventResponse.Continue));
        Assert.Equal(XenErrorId.AlreadyAnswered, refused.Id);

        // What no rule decides waits for its holder as before.
        Task running = _host.Guest().VCpus[0].RunAsync(GuestAction.WriteMsr(Msr.Lstar, 3));
        watched.Next<MovToMsrEvent>().Respond(VmEventResponse.Deny);
        running.Finish();
        Assert.NotEqual(3UL, _host.Guest().VCpus[0].GetMsr(Msr.Lstar));
    }

    [Fact]
    public void A_page_stays_watched_until_an_access_fits_its_rule()
    {
        using MonitorSession session = _host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Apply(Policies.Rules("{name: page, event: MemAccess, access: write, gfn: 0x180, when: offset == 8}"));
        _host.Guest().Run(GuestAction.WritePage(0x180, 0, 1), GuestAction.WritePage(0x180, 16, 1), GuestAction.WritePage(0x180, 8, 1), GuestAction.WritePage(0x180, 8, 2));
        Assert.Equal(8UL, seen.Next<MemAccessEvent>().Offset);
        Assert.False(seen.TryTake(out _));
        Assert.Equal(2UL, _host.Guest().ReadMemory(0x180, 8));
        session.Stop();
        _host.Guest().AssertFree();
    }

    [Fact]
    public void Writes_to_watched_pages_are_discarded_by_a_rule_that_repeats()
    {
        using MonitorSession session = _host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Apply(Policies.Rules("{name: text, event: MemAccess, access: write, gfn: 0x180-0x18f, repeat: true, answer: emulateNoWrite}"));
        ulong before = _host.Guest().ReadMemory(0x180, 8);
        _host.Guest().Run(GuestAction.WritePage(0x180, 8, 42), GuestAction.WritePage(0x180, 8, 43));
        Assert.Equal(before, _host.Guest().ReadMemory(0x180, 8));
        Assert.Equal(2, Drain(seen));
    }

    [Theory]
    [InlineData("emulate")]
    [InlineData("emulateNoWrite")]
    public void A_write_that_xen_cannot_emulate_is_done_and_the_page_stays_watched(string answer)
    {
        using MonitorSession session = _host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Apply(Policies.Rules($"{{name: text, event: MemAccess, access: write, gfn: 0x180-0x18f, repeat: true, answer: {answer}}}"));
        _host.Guest().Run(GuestAction.WritePageWithVector(0x180, 0, 42), GuestAction.Nop());
        Hosts.Until(() => _host.Guest().GetMemAccess(0x180) == MemAccess.RX);
        Assert.Equal((PageAccess.Write, 0x180UL), (seen.Next<MemAccessEvent>() is var one ? one.Access : default, one.Gfn));
        session.Stop();
        _host.Guest().AssertFree();
    }

    [Fact]
    public void Breakpoints_at_symbols_show_their_rule_and_symbol()
    {
        SymbolMap symbols = SymbolMaps.Of($"{GuestCode.AddressOf(GuestActionKind.Nop):x} T do_nothing\n{GuestCode.AddressOf(GuestActionKind.Cpuid) - 4:x} t ask\n");
        using MonitorSession session = _host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Apply(Policies.Rules(
            symbols, $"{{name: modules, event: SoftwareBreakpoint, at: [do_nothing, ask+4, 0x{GuestCode.AddressOf(GuestActionKind.ReadPage):x}], answer: skip, hide: true}}"));
        Assert.True(Assert.Single(seen.Rules!.Rules).Watch.Breakpoints!.Hide);
        _host.Guest().Run(GuestAction.Nop(), GuestAction.Cpuid(0), GuestAction.ReadPage(0x180), GuestAction.WritePage(0x180, 0, 1));
        Assert.Equal(
            [("modules", "do_nothing", "Skip"), ("modules", "ask+4", "Skip"), ("modules", null, "Skip")],
            Enumerable.Range(0, 3).Select(_ => seen.Next<SoftwareBreakpointEvent>()).Select(e => (e.Rule!, e.Symbol, e.Response!.Name)));
        session.Stop();
        _host.Guest().AssertFree();
    }

    [Theory]
    [InlineData("at: [nowhere]", "'nowhere' is not a symbol of the map.")]
    [InlineData("at: [do_nothing+x]", "'do_nothing+x' does not end with a number of bytes, as commit_creds+4 does.")]
    [InlineData("at: []", "'at' is empty.")]
    [InlineData("at: do_nothing, answer: reinject", "The guest has no breakpoint at the places of 'at': leave 'reinject' out.")]
    [InlineData("hide: true", "'hide' hides the breakpoints of 'at', and there is no 'at'.")]
    public void Places_that_make_no_sense_are_refused(string keys, string problem)
    {
        Assert.Equal(problem, Assert.Single(Policies.Problems(Policies.Of($"{{name: a, event: SoftwareBreakpoint, {keys}}}"), SymbolMaps.Of("ffffffff81000000 T do_nothing\n"))).Message);
    }

    [Fact]
    public void Only_rules_of_breakpoints_have_places() =>
        Assert.Equal(
            "A rule for Cpuid events has no 'at': it is for SoftwareBreakpoint events.",
            Assert.Single(Policies.Problems(Policies.Of("{name: a, event: Cpuid, at: 0x1000}"))).Message);

    [Fact]
    public void Rules_are_replaced_without_a_gap()
    {
        using MonitorSession session = _host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Apply(Policies.Rules("{name: first, event: MovToMsr, msr: IA32_LSTAR, answer: deny}"));
        ulong before = _host.Guest().VCpus[0].GetMsr(Msr.Lstar);
        Task running = _host.Guest().VCpus[0].RunAsync([.. Enumerable.Repeat(GuestAction.WriteMsr(Msr.Lstar, 0xbad), 2000)]);
        for (int i = 0; i < 20; i++)
        {
            session.Replace(seen, Policies.Rules($"{{name: next{i}, event: MovToMsr, msr: [IA32_LSTAR, IA32_SYSENTER_EIP], answer: deny}}"));
            Drain(seen);
            Assert.Equal(before, _host.Guest().VCpus[0].GetMsr(Msr.Lstar));
        }

        while (!running.IsCompleted) Drain(seen);
        running.Finish();
        Assert.Equal(before, _host.Guest().VCpus[0].GetMsr(Msr.Lstar));
        session.Stop();
        _host.Guest().AssertFree();
    }

    [Fact]
    public void A_full_buffer_that_drops_stops_no_guest_and_rules_still_answer()
    {
        using MonitorSession session = _host.Session(ChannelPreference.Ring, TimeSpan.FromMinutes(10));
        using EventSubscription seen = session.Apply(Policies.Rules("{name: lstar, event: MovToMsr, msr: IA32_LSTAR, answer: deny}"), bufferSize: 1, dropsWhenFull: true);
        ulong before = _host.Guest().VCpus[0].GetMsr(Msr.Lstar);
        _host.Guest().Run([.. Enumerable.Repeat(GuestAction.WriteMsr(Msr.Lstar, 0xbad), 100)]); // It would wait for ten minutes.
        Assert.Equal(before, _host.Guest().VCpus[0].GetMsr(Msr.Lstar));
        Assert.Equal((1, 99, 99), (seen.Delivered, seen.Dropped, session.GetStatistics().Lost));
        session.Stop();
        _host.Guest().AssertFree();
    }

    [Fact]
    public void A_rule_that_the_host_cannot_keep_is_refused_and_nothing_is_left()
    {
        using SimulatedHypervisor arm = Hosts.Idle(options: new SimulationOptions { Architecture = GuestArchitecture.Arm64 });
        using MonitorSession session = arm.Session(ChannelPreference.Ring);
        XenException e = Assert.Throws<XenException>(() => session.Apply(Policies.Rules("{name: calls, event: PrivilegedCall}", "{name: hide, event: Cpuid}")));
        Assert.Equal(XenErrorId.NotSupported, e.Id);
        using EventSubscription calls = session.Watch(Watches.For(VmEventKind.PrivilegedCall));
        session.Stop();
        arm.Guest().AssertFree();
    }

    [Fact]
    public void Rules_end_with_their_subscription()
    {
        using MonitorSession session = _host.Session(ChannelPreference.Ring);
        session.Apply(Policies.Rules("{name: lstar, event: MovToMsr, msr: IA32_LSTAR, answer: deny}", "{name: page, event: MemAccess, access: write, repeat: true, answer: emulateNoWrite}")).Dispose();
        _host.Guest().Run(GuestAction.WriteMsr(Msr.Lstar, 0x55), GuestAction.WritePage(0x180, 8, 42));
        Assert.Equal((0x55UL, 42UL), (_host.Guest().VCpus[0].GetMsr(Msr.Lstar), _host.Guest().ReadMemory(0x180, 8)));
        Assert.Equal(0, session.GetStatistics().Events);
    }

    private static int Drain(EventSubscription seen)
    {
        int count = 0;
        while (seen.TryTake(out _)) count++;
        return count;
    }
}
