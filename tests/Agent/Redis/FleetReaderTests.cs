using System.Globalization;
using StackExchange.Redis;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>What a reader gets of many hosts' streams in a real Redis, whatever is in them.</summary>
public sealed class FleetReaderTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly HostStreams _streams = new();
    private readonly List<string> _told = [];

    private IDatabase Database => _streams.Database;

    public void Dispose() => _streams.Dispose();

    [Fact]
    public void Events_of_all_hosts_come_in_the_order_of_time()
    {
        Random random = new(3);
        List<(DateTimeOffset Time, string Host)> sent = [];
        for (int i = 0; i < 5000; i++) sent.Add((Noon.AddMilliseconds(i), $"dom0-{random.Next(20)}"));
        foreach (IGrouping<string, (DateTimeOffset Time, string Host)> host in sent.GroupBy(s => s.Host)) Send(host.Key, [.. host.Select(s => s.Time)]);
        using FleetReader reader = Open();
        Assert.Equal(sent, TakeAll(reader).Select(e => (e.Time, e.HostName!)));
        Assert.Equal((20, 0, 0, 0, 0), (reader.Hosts, reader.Missing, reader.Broken, reader.Late, reader.Lost));
        Assert.Empty(_told);
    }

    [Fact]
    public void Hosts_domains_kinds_and_times_are_selected()
    {
        Send("dom0-1", [Noon, Noon.AddHours(1)], "web01");
        Send("dom0-1", [Noon.AddHours(2)], "db01");
        Send("lab-1", [Noon], "web01");
        Assert.Equal(4, TakeAll(Open()).Count);
        Assert.Equal(3, TakeAll(Open(q => q with { IsWantedHost = name => name.StartsWith("dom0-", StringComparison.Ordinal) })).Count);
        Assert.Equal(3, TakeAll(Open(q => q with { IsWantedDomain = name => name.StartsWith("web", StringComparison.Ordinal) })).Count);
        Assert.Equal(2, TakeAll(Open(q => q with { Since = Noon.AddMinutes(1) })).Count);
        Assert.Equal(4, TakeAll(Open(q => q with { Kinds = [VmEventKind.Cpuid] })).Count);
        Assert.Empty(TakeAll(Open(q => q with { Kinds = [VmEventKind.MemAccess] })));
        Assert.Empty(_told);
    }

    [Fact]
    public void What_is_missing_is_told()
    {
        Send("dom0-1", [Noon, Noon.AddSeconds(1)]);
        _streams.Numbers["dom0-1"] += 7;
        Send("dom0-1", [Noon.AddSeconds(2)]);
        _streams.Send("dom0-1", Noon.AddSeconds(3), """{"lost":190,"reason":"OutputFull","from":"2026-05-01T12:00:02Z","to":"2026-05-01T12:00:03Z","domain":"web01","domainId":1}""");
        _streams.Send("dom0-1", Noon.AddSeconds(4), System.Text.Encoding.UTF8.GetString(new AgentNote(Noon.AddSeconds(4), Noon.AddSeconds(3), Complete: false).ToLine().Span));
        Send("dom0-1", [Noon.AddSeconds(5)]);
        using FleetReader reader = Open();
        Assert.Equal(4, TakeAll(reader).Count);
        Assert.Equal((7, 190), (reader.Missing, reader.Lost));
        Assert.Equal(
            [
                "dom0-1: 7 entries are missing between 2026-05-01T12:00:01.000Z and 2026-05-01T12:00:02.000Z.",
                "dom0-1: the agent was killed or the machine went down. Events between 2026-05-01T12:00:03.000Z and 2026-05-01T12:00:04.000Z may be missing.",
                "dom0-1: 190 events of web01 between 2026-05-01T12:00:02.000Z and 2026-05-01T12:00:03.000Z are missing: OutputFull.",
            ],
            _told);
    }

    [Fact]
    public void Losses_that_go_on_are_told_together()
    {
        _streams.SendAll("dom0-1", Enumerable.Range(0, 6000).Select(i => (Noon.AddSeconds(i), Loss(i))));
        using FleetReader reader = Open();
        Assert.Empty(TakeAll(reader));
        Assert.Equal(6000, reader.Lost);
        Assert.Equal(4, _told.Count); // Of two guests each: those of the first read, and all others.
        Assert.Equal(6000, _told.Sum(t => long.Parse(t.Split(' ')[1], CultureInfo.InvariantCulture)));
        Assert.All(_told, t => Assert.EndsWith(" are missing: Shed.", t, StringComparison.Ordinal));

        static string Loss(int i) =>
            $$"""{"lost":1,"reason":"Shed","from":"{{Noon.AddSeconds(i):O}}","to":"{{Noon.AddSeconds(i):O}}","domain":"web0{{i % 2}}","domainId":1}""";
    }

    [Fact]
    public void Losses_that_wait_to_be_told_are_told_when_somebody_ends_sooner()
    {
        Send("dom0-1", [Noon]);
        using FleetReader reader = Open(q => q with { Follow = true, Window = TimeSpan.Zero });
        Next(reader);
        Lose(1);
        Until.True(() => !reader.TryTake(out _) && reader.Lost == 1);
        Lose(20);
        Until.True(() => !reader.TryTake(out _) && reader.Lost == 21);
        Assert.StartsWith("dom0-1: 1 event of web01", Assert.Single(_told), StringComparison.Ordinal);
        reader.TellLosses();
        Assert.StartsWith("dom0-1: 20 events of web01", _told[1], StringComparison.Ordinal);

        void Lose(int events) => _streams.Send(
            "dom0-1", Noon, $$"""{"lost":{{events}},"reason":"Shed","from":"{{Noon:O}}","to":"{{Noon:O}}","domain":"web01","domainId":1}""");
    }

    [Fact]
    public void A_new_spool_and_a_count_that_goes_back_are_told()
    {
        Send("dom0-1", [Noon, Noon.AddSeconds(1), Noon.AddSeconds(2)]);
        _streams.Numbers["dom0-1"] -= 2;
        Send("dom0-1", [Noon.AddSeconds(3)]);
        _streams.Numbers["dom0-1"] = 2UL << 44;
        Send("dom0-1", [Noon.AddSeconds(4)]);
        using FleetReader reader = Open();
        Assert.Equal(5, TakeAll(reader).Count);
        Assert.Equal(0, reader.Missing);
        Assert.Equal(2, _told.Count);
        Assert.Contains("the count goes back from 3 to 2", _told[0], StringComparison.Ordinal);
        Assert.Contains("a new spool begins", _told[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Nonsense_is_counted_and_told_and_keeps_nothing_back()
    {
        Send("dom0-1", [Noon]);
        _streams.Send("dom0-1", Noon, "hello");
        _streams.Send("dom0-1", Noon, new byte[(1 << 20) + 1]);
        Database.StreamAdd(HostStreams.Key("dom0-1"), [new("line", Entries.At(Noon, 1)), new("line", Entries.At(Noon, 2))], _streams.NextId("dom0-1", Noon));
        Database.StreamAdd(HostStreams.Key("dom0-1"), "other", Entries.At(Noon, 1), _streams.NextId("dom0-1", Noon));
        _streams.Send("dom0-1", Noon, Entries.At(Noon, 1).Replace("\"interfaceVersion\":7", "\"interfaceVersion\":99", StringComparison.Ordinal));
        _streams.Send("dom0-1", Noon, """{"started":"tomorrow","complete":{}}""");
        _streams.Send("dom0-1", Noon, Entries.At(Noon, 1).Replace("\"domain\":\"web07\"", "\"host\":\"dom0-9\",\"domain\":\"web07\"", StringComparison.Ordinal));
        Send("dom0-1", [Noon.AddSeconds(1)]);
        Database.StringSet(HostStreams.Key("dom0-2"), "no stream");
        Send("dom0-3", [Noon]);
        Send("dom0 4\u001b[2J", [Noon]);
        using FleetReader reader = Open();
        List<VmEvent> events = TakeAll(reader);
        Assert.Equal(["dom0-1", "dom0-1", "dom0-1", "dom0-3"], events.Select(e => e.HostName).Order());
        Assert.Equal(6, reader.Broken);
        Assert.Contains("dom0-1: 6 entries are not what an agent writes and are left out; of the first: it is not well-formed JSON.", _told);
        Assert.Contains("dom0-2: its key is not a stream.", _told);
        Assert.DoesNotContain(_told, t => t.Any(char.IsControl));
    }

    [Fact]
    public void Whoever_writes_much_nonsense_does_not_fill_the_screen()
    {
        for (int i = 0; i < 300; i++)
        {
            _streams.Numbers["dom0-1"] = ((ulong)i + 1) << 44;
            Send("dom0-1", [Noon]);
        }

        Assert.Equal(300, TakeAll(Open()).Count);
        Assert.Equal(51, _told.Count);
    }

    [Fact]
    public void Readers_of_a_group_share_the_events()
    {
        for (int host = 0; host < 4; host++) Send($"dom0-{host}", [.. Enumerable.Range(0, 3000).Select(i => Noon.AddSeconds(i))]);
        using FleetReader one = Open(q => q with { Group = "soc", Consumer = "one" });
        using FleetReader other = Open(q => q with { Group = "soc", Consumer = "other" });
        List<VmEvent> first = [];
        List<VmEvent> second = [];
        while (!one.IsOver || !other.IsOver)
        {
            if (one.TryTake(out VmEvent? a)) first.Add(a);
            one.Settle();
            if (other.TryTake(out VmEvent? b)) second.Add(b);
            other.Settle();
        }

        one.Acknowledge();
        other.Acknowledge();
        Assert.NotEmpty(first);
        Assert.NotEmpty(second);
        Assert.Equal(12_000, first.Concat(second).Select(e => (e.HostName, e.Time)).Distinct().Count());
        Assert.Equal(12_000, first.Count + second.Count);
        for (int host = 0; host < 4; host++) Assert.Equal(0, Database.StreamPending(HostStreams.Key($"dom0-{host}"), "soc").PendingMessageCount);
        Assert.Empty(TakeAll(Open(q => q with { Group = "soc", Consumer = "third" })));
    }

    [Fact]
    public void What_a_reader_did_not_acknowledge_it_gets_again_or_another_one_does()
    {
        Send("dom0-1", [.. Enumerable.Range(0, 100).Select(i => Noon.AddSeconds(i))]);
        Assert.Equal(100, TakeAll(Open(q => q with { Group = "soc", Consumer = "dead" }), acknowledge: false).Count);
        Assert.Empty(TakeAll(Open(q => q with { Group = "soc", Consumer = "other" }), acknowledge: false));
        Assert.Equal(100, TakeAll(Open(q => q with { Group = "soc", Consumer = "dead" }), acknowledge: false).Count);
        Assert.Equal(100, TakeAll(Open(q => q with { Group = "soc", Consumer = "other", TakeOverAfter = TimeSpan.Zero })).Count);
        Assert.Empty(TakeAll(Open(q => q with { Group = "soc", Consumer = "dead" })));
    }

    [Fact]
    public void Only_what_is_done_with_is_acknowledged()
    {
        Send("dom0-1", [Noon, Noon.AddSeconds(1), Noon.AddSeconds(2)]);
        using (FleetReader reader = Open(q => q with { Group = "soc", Consumer = "one" }))
        {
            Next(reader);
            reader.Settle();
            Next(reader);
            reader.Acknowledge();
        }

        Assert.Equal([Noon.AddSeconds(1), Noon.AddSeconds(2)], TakeAll(Open(q => q with { Group = "soc", Consumer = "one" })).Select(e => e.Time));
    }

    [Fact]
    public void What_a_terminal_would_obey_is_in_no_name()
    {
        Send("dom0-1", [Noon], "web\\u001b[2J\\u0007");
        _streams.Send("dom0-1", Noon.AddSeconds(1), Entries.At(Noon, 1).Replace("\"domain\":", "\"symbol\":\"\\u009b2J\",\"policy\":\"p\\n\",\"rule\":\"r\\r\",\"ruleMessage\":\"m\\u001b\",\"domain\":", StringComparison.Ordinal));
        List<VmEvent> events = TakeAll(Open());
        Assert.Equal("web\uFFFD[2J\uFFFD", events[0].Domain);
        Assert.Equal(("\uFFFD2J", "p\uFFFD", "r\uFFFD", "m\uFFFD"), (events[1].Symbol, events[1].Policy, events[1].Rule, events[1].RuleMessage));
    }

    [Fact]
    public void It_can_be_stopped_while_Redis_does_not_answer()
    {
        Send("dom0-1", [Noon]);
        using CancellationTokenSource stop = new();
        using FleetReader reader = Open(q => q with { Follow = true }, stop.Token);
        _streams.Server.Signal("STOP");
        stop.Cancel();
        bool hasEvent = reader.TryTake(out _);
        Exception? refused = Record.Exception(() => Open(stop: stop.Token));
        _streams.Server.Signal("CONT"); // Before anything is asserted: the test's own connection waits for it.
        Assert.False(hasEvent);
        Assert.IsAssignableFrom<OperationCanceledException>(refused);
    }

    [Fact]
    public void Who_follows_gets_what_comes_later_and_goes_on_when_Redis_comes_back()
    {
        Send("dom0-1", [Noon]);
        using FleetReader reader = Open(q => q with { Follow = true, Window = TimeSpan.Zero });
        Assert.Equal(Noon, Next(reader).Time);
        Send("dom0-1", [Noon.AddSeconds(1)]);
        Assert.Equal(Noon.AddSeconds(1), Next(reader).Time);
        _streams.Server.Kill();
        Until.True(() => !reader.TryTake(out _) && _told.Count > 0);
        Assert.EndsWith("It is tried again.", _told[0], StringComparison.Ordinal);
        _streams.Server.Start();
        Until.True(() => _streams.Redis.IsConnected);
        Send("dom0-1", [Noon.AddSeconds(2)]);
        Send("dom0-2", [Noon.AddSeconds(3)]);
        Assert.Equal(Noon.AddSeconds(2), Next(reader).Time);
        Assert.Equal("dom0-2", Next(reader).HostName);
        Assert.Equal("Redis can be read again.", _told[^1]);
        Assert.Equal(0, reader.Missing);
    }

    [Fact]
    public void An_event_waits_for_earlier_ones_of_other_hosts_and_not_for_ever()
    {
        Send("dom0-1", [DateTimeOffset.UtcNow.AddDays(1)]);
        Send("dom0-2", [Noon]);
        using FleetReader patient = Open(q => q with { Follow = true, Window = TimeSpan.FromHours(1) });
        Assert.Equal("dom0-2", Next(patient).HostName);
        for (int i = 0; i < 100; i++) Assert.False(patient.TryTake(out _));
        using FleetReader hasty = Open(q => q with { Follow = true, Window = TimeSpan.FromMilliseconds(1) });
        Assert.Equal("dom0-2", Next(hasty).HostName);
        Assert.Equal("dom0-1", Next(hasty).HostName);
        Assert.Equal((0, 0), (patient.Late, hasty.Late));
    }

    [Theory]
    [InlineData("reader", null)]
    [InlineData("soc", "soc")]
    public void A_reader_needs_few_rights(string user, string? group)
    {
        Send("dom0-1", [Noon]);
        DocumentedUsers.Create(_streams.Redis, user);
        Assert.Single(TakeAll(Open(q => q with { Group = group, Redis = new RedisSettings { Server = $"{_streams.Server.Settings.Server},user={user},password={DocumentedUsers.Password}" } })));
    }

    [Fact]
    public void Without_Redis_there_is_an_error()
    {
        _streams.Server.Kill();
        XenException error = Assert.Throws<XenException>(() => Open());
        Assert.Equal((XenErrorId.RedisFailed, "Redis cannot be reached: UnableToConnect."), (error.Id, error.Message));
    }

    private static VmEvent Next(FleetReader reader)
    {
        VmEvent? next = null;
        Until.True(() => reader.TryTake(out next));
        return next!;
    }

    private static List<VmEvent> TakeAll(FleetReader reader, bool acknowledge = true)
    {
        List<VmEvent> all = [];
        while (!reader.IsOver)
        {
            if (reader.TryTake(out VmEvent? next)) all.Add(next);
            if (acknowledge) reader.Settle();
        }

        reader.Acknowledge();
        reader.TellLosses();
        return all;
    }

    private FleetReader Open(Func<FleetQuery, FleetQuery>? change = null, CancellationToken? stop = null)
    {
        FleetQuery query = new() { Redis = _streams.Server.Settings, Tell = _told.Add };
        return FleetReader.Open(change?.Invoke(query) ?? query, stop ?? TestContext.Current.CancellationToken);
    }

    private void Send(string host, DateTimeOffset[] times, string domain = "web07") =>
        _streams.SendAll(host, times.Select(time => (time, Entries.At(time, 0, domain))));
}
