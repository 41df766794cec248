using StackExchange.Redis;
using XenVmEvent.Events;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>A cluster of three, over which the streams of hosts are spread.</summary>
public sealed class ClusterTests : IDisposable
{
    private const int Hosts = 12;
    private const int Slots = 16384;

    private readonly TemporaryFolder _folder = new();
    private readonly string[] _addresses = [Loopback.NewAddress(), Loopback.NewAddress(), Loopback.NewAddress()];
    private readonly List<RedisServer> _servers = [];

    public ClusterTests()
    {
        foreach (string address in _addresses) _servers.Add(Start(address));
        for (int i = 0; i < _servers.Count; i++)
        {
            using ConnectionMultiplexer admin = _servers[i].Connect();
            IServer server = admin.GetServers()[0];
            server.Execute("CLUSTER", "ADDSLOTSRANGE", i * Slots / _servers.Count, ((i + 1) * Slots / _servers.Count) - 1);
            foreach (string other in _addresses) server.Execute("CLUSTER", "MEET", other, 6379);
        }

        Until.True(() => _servers.TrueForAll(IsWhole));
    }

    public void Dispose()
    {
        foreach (RedisServer server in _servers) server.Dispose();
        _folder.Dispose();
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public void Everything_arrives_once_and_in_order_although_servers_are_killed_and_is_received()
    {
        using ConnectionMultiplexer admin = ConnectionMultiplexer.Connect($"{string.Join(",", _addresses.Select(a => $"{a}:6379"))},allowAdmin=true{RedisServer.Patient}");
        List<RedisSink> sinks = [.. Enumerable.Range(0, Hosts).Select(Open)];
        List<Load> loads = [.. sinks.Select(sink => new Load(sink))];
        foreach (RedisServer server in _servers)
        {
            server.Kill();
            server.Start();
            long[] before = [.. sinks.Select(sink => sink.State.Delivered)];
            Until.True(() => sinks.Select((sink, i) => sink.State.Delivered > before[i]).All(more => more), () => string.Join('\n', sinks.Select(sink => sink.State)));
        }

        long[] counts = [.. loads.Select(load => load.End())];
        foreach (RedisSink sink in sinks) Arrivals.Await(sink);
        Assert.All(counts, (count, i) => Arrivals.AssertWhole(admin, $"dom0-{i}", count));
        Assert.All(_servers, server => Assert.True(CountKeys(server) > 0));
        AssertReceived("reader", group: null, counts);
        AssertReceived("soc", group: "soc", counts);
        foreach (IDisposable one in loads.Concat<IDisposable>(sinks)) one.Dispose();
    }

    private static bool IsWhole(RedisServer server)
    {
        using ConnectionMultiplexer admin = server.Connect();
        string info = (string)admin.GetServers()[0].Execute("CLUSTER", "INFO")!;
        return info.Contains("cluster_state:ok", StringComparison.Ordinal) && info.Contains("cluster_known_nodes:3", StringComparison.Ordinal);
    }

    private static long CountKeys(RedisServer server)
    {
        using ConnectionMultiplexer admin = server.Connect();
        return admin.GetServers()[0].DatabaseSize();
    }

    private RedisServer Start(string address) => RedisServer.Start(
        _folder[address],
        [
            "--port", "6379", "--bind", address, "--cluster-enabled", "yes", "--cluster-announce-ip", address,
            .. DocumentedUsers.Arguments("reader", "+cluster|nodes"),
            .. DocumentedUsers.Arguments("soc", "+cluster|nodes"),
            .. DocumentedUsers.Arguments("dom0-1", "~xenvmevent:*", "+cluster|nodes"),
        ]);

    private RedisSettings SettingsFor(string user, string options = "") => new() { Server = $"{_addresses[0]}:6379,{_addresses[1]}:6379,user={user},password={DocumentedUsers.Password}{options}" };

    private RedisSink Open(int host) => new(new RedisOutputSettings { Name = "fleet", Redis = SettingsFor("dom0-1"), HostName = $"dom0-{host}", SpoolFolder = _folder[$"spool-{host}"], MostEntries = null }, new AgentIdentity());

    private void AssertReceived(string user, string? group, long[] counts)
    {
        using FleetReader reader = FleetReader.Open(new FleetQuery { Redis = SettingsFor(user, RedisServer.Patient), Group = group, Tell = Assert.Fail }, TestContext.Current.CancellationToken);
        Dictionary<string, long> received = [];
        while (!reader.IsOver)
        {
            if (reader.TryTake(out VmEvent? next)) received[next.HostName!] = received.GetValueOrDefault(next.HostName!) + 1;
        }

        Assert.Equal(counts, Enumerable.Range(0, Hosts).Select(i => received.GetValueOrDefault($"dom0-{i}")));
    }
}
