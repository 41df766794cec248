using XenVmEvent.Events;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>The agent on a simulated host.</summary>
public sealed class AgentServiceTests
{
    private const uint Lstar = 0xc000_0082;

    private static readonly string DenyLstar = RunningAgent.PolicyFor("lstar", "web*", "name: lstar, event: MovToMsr, msr: IA32_LSTAR, answer: deny");
    private static readonly string SeeCpuid = RunningAgent.PolicyFor("leaves", "*", "name: leaf, event: Cpuid");

    [Fact]
    public void Each_policy_is_kept_on_the_guests_that_it_is_for_and_no_other_guest_is_watched()
    {
        using RunningAgent agent = new(Host("web01", "db01", "other"), DenyLstar, RunningAgent.PolicyFor("leaves", "?*01", "name: leaf, event: Cpuid"));
        agent.AwaitSaid("web01 (id 1) is watched");
        agent.AwaitSaid("db01 (id 2) is watched");
        foreach (string guest in new[] { "web01", "db01", "other" }) Do(agent.Host[guest], GuestAction.WriteMsr(Lstar, 0xbad), GuestAction.Cpuid(1));
        Until.True(() => agent.Events.Count == 3);
        Assert.Equal(
            [("db01", "leaves", ResponseState.Default), ("web01", "leaves", ResponseState.Default), ("web01", "lstar", ResponseState.Rule)],
            agent.Events.Select(one => (one.Domain, one.Policy!, one.ResponseState)).Order());
        Assert.Equal(0xbadUL, agent.Host["db01"].VCpus[0].GetMsr(Lstar));
        Assert.NotEqual(0xbadUL, agent.Host["web01"].VCpus[0].GetMsr(Lstar));
        Assert.False(agent.Host["other"].IsMonitored);
    }

    [Fact]
    public void An_event_that_several_policies_report_is_published_once()
    {
        using RunningAgent agent = new(Host("web01"), SeeCpuid, SeeCpuid.Replace("leaves", "again", StringComparison.Ordinal));
        agent.AwaitSaid("is watched");
        Do(agent.Host["web01"], [.. Enumerable.Range(0, 200).Select(i => GuestAction.Cpuid((uint)i))]);
        agent.Stop();
        Assert.Equal(Enumerable.Range(0, 200), agent.Events.Select(one => (int)Outgoing.Number(one)));
        Assert.All(agent.Events, one => Assert.Equal("leaves", one.Policy));
    }

    [Fact]
    public void Events_stay_in_order_whichever_policies_report_them()
    {
        string even = RunningAgent.PolicyFor("even", "*", "name: even, event: Cpuid, when: leaf & 1 == 0");
        using RunningAgent agent = new(Host("web01"), even, SeeCpuid);
        agent.AwaitSaid("is watched");
        Do(agent.Host["web01"], [.. Enumerable.Range(0, 2000).Select(i => GuestAction.Cpuid((uint)i))]);
        agent.Stop();
        Assert.Equal(Enumerable.Range(0, 2000), agent.Events.Select(one => (int)Outgoing.Number(one)));
    }

    [Fact]
    public void Guests_that_come_and_go_are_followed_and_given_back_at_the_end()
    {
        using RunningAgent agent = new(Host("web01"), SeeCpuid);
        agent.AwaitSaid("web01 (id 1) is watched");
        SimulatedDomain again = agent.Host.Reboot("web01");
        agent.AwaitSaid($"{again.Identity} is watched");
        Do(again, GuestAction.Cpuid(1));
        Until.True(() => agent.Events.Count == 1);
        agent.Stop();
        Assert.False(again.IsMonitored);
        Do(again, GuestAction.Cpuid(1));
        Assert.Single(agent.Events);
    }

    [Fact]
    public void What_guests_did_until_the_end_is_published()
    {
        using RunningAgent agent = new(Host("web01"), SeeCpuid);
        agent.AwaitSaid("is watched");
        Do(agent.Host["web01"], [.. Enumerable.Range(0, 500).Select(i => GuestAction.Cpuid((uint)i))]);
        agent.Stop();
        Assert.Equal(Enumerable.Range(0, 500), agent.Events.Select(one => (int)Outgoing.Number(one)));
        Assert.All(agent.Events, one => Assert.NotNull(one.HandlingTime));
    }

    [Theory]
    [InlineData(false)] // The same policies have changed.
    [InlineData(true)] // There are others before and after.
    public void Policies_are_exchanged_without_a_gap_and_without_detaching(bool others)
    {
        using RunningAgent agent = new(Host("web01"), DenyLstar);
        agent.AwaitSaid("is watched");
        SimulatedVCpu vcpu = agent.Host["web01"].VCpus[0];
        ulong before = vcpu.GetMsr(Lstar);
        Task running = vcpu.RunAsync([.. Enumerable.Repeat(GuestAction.WriteMsr(Lstar, 0xbad), 2000)]);
        for (int i = 0; i < 20; i++)
        {
            string changed = DenyLstar.Replace("name: lstar, event", $"name: r{i}, event", StringComparison.Ordinal);
            agent.Reload(others && i % 2 == 0 ? agent.Of(SeeCpuid, changed, RunningAgent.PolicyFor("more", "web*", "name: cr3, event: WriteControlRegister, register: CR3")) : agent.Of(changed));
            Assert.Equal(before, vcpu.GetMsr(Lstar));
        }

        Until.True(() => running.IsCompletedSuccessfully);
        Assert.Equal(before, vcpu.GetMsr(Lstar));
        Until.True(() => agent.Events.Count == 2000);
        Assert.All(agent.Events, one => Assert.Equal(ResponseState.Rule, one.ResponseState));
        Assert.Single(agent.Said, one => one.Contains("is watched", StringComparison.Ordinal));
        Assert.DoesNotContain(agent.Said, one => one.Contains("no longer", StringComparison.Ordinal));
    }

    [Fact]
    public void A_policy_that_cannot_be_kept_on_a_guest_is_refused_for_all_and_the_old_ones_stay()
    {
        using RunningAgent agent = new(
            new SimulatedHypervisor(new SimulationOptions { HasExtendedPageTables = false, Domains = [Idle("web01", 1), Idle("web02", 2)] }), DenyLstar);
        agent.AwaitSaid("web01 (id 1) is watched");
        agent.AwaitSaid("web02 (id 2) is watched");
        string impossible = RunningAgent.PolicyFor("pages", "web02", "name: page, event: MemAccess, access: write, gfn: 0x100");
        XenException refused = Assert.Throws<XenException>(() => agent.Reload(agent.Of(SeeCpuid, impossible)));
        Assert.Equal(XenErrorId.NotSupported, refused.Id);
        foreach (string guest in new[] { "web01", "web02" })
        {
            Do(agent.Host[guest], GuestAction.WriteMsr(Lstar, 0xbad), GuestAction.Cpuid(1));
            Assert.NotEqual(0xbadUL, agent.Host[guest].VCpus[0].GetMsr(Lstar));
        }

        agent.Stop();
        Assert.Equal(["lstar", "lstar"], agent.Events.Select(one => one.Policy));
    }

    [Fact]
    public void Guests_are_attached_and_let_go_as_policies_come_and_go()
    {
        using RunningAgent agent = new(Host("web01", "db01"), DenyLstar);
        agent.AwaitSaid("web01 (id 1) is watched");
        agent.Reload(agent.Of(RunningAgent.PolicyFor("leaves", "db*", "name: leaf, event: Cpuid")));
        agent.AwaitSaid("web01 (id 1) is no longer watched");
        agent.AwaitSaid("db01 (id 2) is watched");
        Assert.False(agent.Host["web01"].IsMonitored);
        agent.Reload(agent.Of(DenyLstar));
        Until.True(() => agent.Host["web01"].IsMonitored && !agent.Host["db01"].IsMonitored);
        Until.True(() => agent.Said.Count(one => one.Contains("web01 (id 1) is watched", StringComparison.Ordinal)) == 2);
        Do(agent.Host["web01"], GuestAction.WriteMsr(Lstar, 0xbad));
        Assert.NotEqual(0xbadUL, agent.Host["web01"].VCpus[0].GetMsr(Lstar));
    }

    [Fact]
    public void Outputs_are_exchanged_and_those_that_stay_go_on()
    {
        using TemporaryFolder folder = new();
        using RunningAgent agent = new(Host("web01"), SeeCpuid);
        agent.AwaitSaid("is watched");
        FileOutputSettings file = new() { Name = "file", Path = folder["events.jsonl"] };
        agent.Reload(agent.Configuration with { Outputs = [agent.Output, file] });
        Do(agent.Host["web01"], GuestAction.Cpuid(1));
        Until.True(() => Lines(file.Path) == 1);

        // Both write to the same file: the new one waits for the old one.
        agent.Reload(agent.Configuration with { Outputs = [agent.Output, file with { Queue = 5 }] });
        Do(agent.Host["web01"], GuestAction.Cpuid(2));
        Until.True(() => Lines(file.Path) == 2);
        agent.Reload(agent.Configuration);
        Do(agent.Host["web01"], GuestAction.Cpuid(3));
        Until.True(() => agent.Events.Count == 3);
        agent.Stop();
        Assert.Equal(2, Lines(file.Path));
        Assert.DoesNotContain(agent.Said, one => one.Contains("fails", StringComparison.Ordinal));

        static int Lines(string path)
        {
            if (!File.Exists(path)) return 0;
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using StreamReader reader = new(stream);
            return reader.ReadToEnd().Count(letter => letter == '\n');
        }
    }

    [Fact]
    public void An_output_that_takes_nothing_keeps_no_guest_waiting_and_all_losses_are_noted()
    {
        StandInOutput stuck = new() { Name = "stuck", Queue = 100 };
        stuck.Sink.Block();
        using RunningAgent agent = new(Host("web01"), SeeCpuid);
        agent.AwaitSaid("is watched");
        agent.Reload(agent.Configuration with { Outputs = [stuck], Limits = new AgentLimits { Buffer = 16 } });
        const int count = 3000;
        Do(agent.Host["web01"], [.. Enumerable.Range(0, count).Select(i => GuestAction.Cpuid((uint)i))]);
        stuck.Sink.Unblock();
        agent.Stop();
        Assert.InRange(stuck.Sink.Numbers.Count, 100, count - 1);
        Assert.Equal(count, stuck.Sink.Numbers.Count + stuck.Sink.Losses.Sum(loss => loss.Events));
        Assert.Equal(stuck.Sink.Numbers.Order(), stuck.Sink.Numbers);
    }

    [Fact]
    public void At_the_end_policies_are_kept_until_outputs_have_taken_what_waits()
    {
        StandInOutput slow = new() { Name = "slow" };
        using RunningAgent agent = new(Host("web01"), DenyLstar);
        agent.AwaitSaid("is watched");
        agent.Reload(agent.Configuration with { Outputs = [slow], Limits = new AgentLimits { EndTime = Until.Patience } });
        SimulatedDomain guest = agent.Host["web01"];
        slow.Sink.Block();
        Do(guest, GuestAction.WriteMsr(Lstar, 0xbad));
        Until.True(() => slow.Sink.IsWaiting);
        agent.BeginStop();
        for (int i = 0; i < 200; i++)
        {
            Do(guest, GuestAction.WriteMsr(Lstar, 0xbad));
            Assert.NotEqual(0xbadUL, guest.VCpus[0].GetMsr(Lstar));
        }

        slow.Sink.Unblock();
        agent.Stop();
        Assert.False(guest.IsMonitored);
        Assert.Equal(201, slow.Sink.State.Delivered);
    }

    private static SimulatedDomainOptions Idle(string name, uint id) => new() { Id = id, Name = name, Workload = Workload.Idle };

    private static SimulatedHypervisor Host(params string[] guests) =>
        new(new SimulationOptions { Domains = [.. guests.Select((name, i) => Idle(name, (uint)i + 1))] });

    /// <summary>Has a guest's first vCPU do something, and waits until it has. It waits for no deadline.</summary>
    private static void Do(SimulatedDomain guest, params IReadOnlyList<GuestAction> actions)
    {
        Task done = guest.VCpus[0].RunAsync(actions);
        Until.True(() => done.IsCompletedSuccessfully);
    }

    private sealed record StandInOutput : OutputSettings
    {
        public StandInSink Sink { get; } = new();

        public override string Place => "a test";

        public override IEventSink CreateSink(AgentIdentity agent) => Sink;
    }
}
