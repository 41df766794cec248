using System.Text;
using StackExchange.Redis;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>What a real Redis has of each host, whatever is in the streams.</summary>
public sealed class FleetHostsTests : IDisposable
{
    private static readonly string Hash = new('a', 64);

    private readonly HostStreams _streams = new();
    private readonly List<string> _told = [];

    private IDatabase Database => _streams.Database;

    public void Dispose() => _streams.Dispose();

    [Fact]
    public void A_host_tells_of_itself_and_of_its_readers()
    {
        DateTimeOffset now = Milliseconds(DateTimeOffset.UtcNow);
        AgentNote note = new(now.AddHours(-1), null, Complete: true) { Version = "0.1.0", PolicyHash = Hash, ClockSkew = 1500 };
        for (int i = 0; i < 10; i++) AddEvent("dom0-1", now.AddSeconds(-90));
        _streams.Send("dom0-1", now.AddSeconds(-60), note.ToLine());
        Database.StreamCreateConsumerGroup("xenvmevent:dom0-1", "soc", "0-0");
        Database.StreamReadGroup("xenvmevent:dom0-1", "soc", "one", StreamPosition.NewMessages, 4);
        FleetHost host = Assert.Single(Read());
        Assert.Equal(("dom0-1", now.AddSeconds(-90), now.AddSeconds(-60)), (host.HostName, host.LastEvent, host.LastEntry));
        Assert.Equal(("0.1.0", note.Started, Hash, TimeSpan.FromMilliseconds(1500), 11), (host.AgentVersion, host.AgentStarted, host.PolicyHash, host.ClockSkew, host.Entries));
        Assert.InRange(host.Lag!.Value, TimeSpan.FromSeconds(61.5), TimeSpan.FromMinutes(30));
        FleetGroup group = Assert.Single(host.Groups);
        Assert.Equal(("soc", 1, 4, 7), (group.Name, group.Consumers, group.Pending, group.Unread));
        Assert.Equal("soc: 7 unread, 4 pending", $"{group}");
    }

    [Fact]
    public void A_busy_host_s_note_is_found_among_its_last_thousand_entries()
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        _streams.Send("dom0-1", now, new AgentNote(now, null, Complete: true) { Version = "0.1.0" }.ToLine());
        for (int i = 0; i < 900; i++) AddEvent("dom0-1", now);
        Assert.Equal("0.1.0", Assert.Single(Read()).AgentVersion);
        for (int i = 0; i < 200; i++) AddEvent("dom0-1", now);
        Assert.Null(Assert.Single(Read()).AgentVersion);
    }

    [Fact]
    public void Hosts_come_in_order_as_far_as_they_are_wanted()
    {
        for (int i = 0; i < 100; i++) AddEvent($"dom0-{i:000}", DateTimeOffset.UtcNow);
        AddEvent("lab-1", DateTimeOffset.UtcNow);
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"dom0-{i:000}"), Read(host => host.StartsWith("dom0-", StringComparison.Ordinal)).Select(host => host.HostName));
    }

    [Fact]
    public void Nonsense_keeps_nothing_back_and_misleads_nobody()
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        Database.StringSet("xenvmevent:dom0-1", "no stream");
        Database.StreamAdd("xenvmevent:dom0-2", "other", "hello");
        _streams.Send("dom0-3", now, new byte[(1 << 20) + 1]);
        _streams.Send("dom0-3", now, Encoding.UTF8.GetBytes("""{"started":"2026-05-01T12:00:00+00:00","complete":true,"version":"\u001b[2J"}"""));
        Database.StreamCreateConsumerGroup("xenvmevent:dom0-3", "soc\u001b[2J", "0-0");
        AddEvent("dom0 4\u001b[2J", now);
        Database.StreamAdd("xenvmevent:dom0-5", "line", "x", "18446744073709551615-1");
        IReadOnlyList<FleetHost> hosts = Read();
        Assert.Equal(["dom0-2", "dom0-3", "dom0-5"], hosts.Select(host => host.HostName));
        Assert.All(hosts, host => Assert.Equal((null, null, null, null), (host.LastEvent, host.AgentVersion, host.PolicyHash, host.ClockSkew)));
        Assert.Equal("soc\uFFFD[2J", Assert.Single(hosts[1].Groups).Name);
        Assert.Equal(TimeSpan.Zero, hosts[2].Lag);
        Assert.Equal("dom0-1: its key is not a stream.", Assert.Single(_told));
    }

    [Fact]
    public void It_needs_few_rights_and_says_which_one_is_missing()
    {
        AddEvent("dom0-1", DateTimeOffset.UtcNow);
        string[] rights = ["%R~xenvmevent:*", "+echo", "+ping", "+scan", "+xlen", "+xrevrange", "+xinfo|groups", "+time"];
        Allow(rights);
        Assert.Single(Read(options: ",user=soc,password=secret"));
        Allow([.. rights, "-time"]);
        XenException error = Assert.Throws<XenException>(() => Read(options: ",user=soc,password=secret"));
        Assert.Equal(XenErrorId.RedisFailed, error.Id);
        Assert.Contains("'time'", error.Message, StringComparison.Ordinal);
    }

    private static DateTimeOffset Milliseconds(DateTimeOffset time) => DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds());

    private void Allow(string[] rights) =>
        _streams.Redis.GetServers()[0].Execute("ACL", ["SETUSER", "soc", "reset", "on", ">secret", "resetchannels", "-@all", .. rights]);

    private IReadOnlyList<FleetHost> Read(Predicate<string>? isWanted = null, string options = "") =>
        [.. FleetHosts.Read(new RedisSettings { Server = $"{_streams.Server.Address}{options}" }, isWanted ?? (_ => true), _told.Add, TestContext.Current.CancellationToken)];

    private void AddEvent(string host, DateTimeOffset time) => _streams.Send(host, time, Entries.At(time, 0));
}
