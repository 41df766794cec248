using System.Diagnostics;
using System.Net;
using StackExchange.Redis;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>A Redis that Sentinel replaces by its replica.</summary>
public sealed class SentinelTests : IDisposable
{
    private const string Host = "dom0-1";
    private const int Replacements = 3;

    private readonly TemporaryFolder _folder = new();
    private readonly string _sentinel = Loopback.NewAddress();

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Trait("Speed", "Slow")]
    public void Everything_arrives_once_and_in_order_when_replicas_take_over_again_and_again()
    {
        using Node one = new(_folder["one"]);
        using Node other = new(_folder["other"], one);
        using Process sentinel = StartSentinel(one);
        try
        {
            using ConnectionMultiplexer watched = ConnectionMultiplexer.SentinelConnect($"{_sentinel}:26379,allowAdmin=true{RedisServer.Patient}");
            IServer its = watched.GetServers()[0];
            RedisSettings redis = new() { Server = $"{_sentinel}:26379,serviceName=fleet,user={Host}", PasswordFile = _folder.Write("password", DocumentedUsers.Password) };
            using RedisSink sink = new(new RedisOutputSettings { Name = "fleet", Redis = redis, HostName = Host, SpoolFolder = _folder["spool"] }, new AgentIdentity());
            using Load load = new(sink);
            (Node master, Node replica) = (one, other);
            for (int i = 0; i < Replacements; i++)
            {
                Until.True(() => replica.IsReplicating && its.SentinelReplicas("fleet").Length == 1);
                AwaitMore(sink);
                master.Server.Kill();
                AwaitMore(sink);
                master.Server.Start();
                (master, replica) = (replica, master);
            }

            long count = load.End();
            Arrivals.Await(sink);

            // On a busy machine Sentinel may have replaced it once more.
            Until.True(() => CountAt(its.SentinelGetMasterAddressByName("fleet")) == count, () => $"{sink.State}");
            using ConnectionMultiplexer admin = Connect(its.SentinelGetMasterAddressByName("fleet"));
            Arrivals.AssertWhole(admin, Host, count);
        }
        finally
        {
            sentinel.Kill();
            sentinel.WaitForExit();
        }
    }

    private static ConnectionMultiplexer Connect(EndPoint? server) => ConnectionMultiplexer.Connect($"{server}{RedisServer.Patient},connectTimeout=60000");

    private static long CountAt(EndPoint? server)
    {
        try
        {
            using ConnectionMultiplexer redis = Connect(server);
            return Arrivals.Read(redis, Host).Count(number => number is not null);
        }
        catch (RedisException)
        {
            return 0;
        }
    }

    private static void AwaitMore(RedisSink sink)
    {
        long delivered = sink.State.Delivered;
        Until.True(() => sink.State.Delivered > delivered, () => $"{sink.State}");
    }

    private Process StartSentinel(Node master) => RedisServer.Run(
        [
            _folder.Write(
                "sentinel.conf", "port 26379", $"bind {_sentinel}", $"dir {_folder.Path}", $"sentinel monitor fleet {master.Address} 6379 1",
                "sentinel down-after-milliseconds fleet 1000", "sentinel failover-timeout fleet 2000"),
            "--sentinel",
        ],
        "+monitor master fleet");

    /// <summary>A Redis that may be a master or a replica.</summary>
    private sealed class Node : IDisposable
    {
        public Node(string folder, Node? master = null) => Server = RedisServer.Start(
            folder, ["--port", "6379", "--bind", Address, "--replica-announce-ip", Address, .. master is null ? [] : (string[])["--replicaof", master.Address, "6379"], .. DocumentedUsers.Arguments(Host, "+role")]);

        public string Address { get; } = Loopback.NewAddress();

        public RedisServer Server { get; }

        public bool IsReplicating
        {
            get
            {
                try
                {
                    using ConnectionMultiplexer admin = Server.Connect();
                    return admin.GetServers()[0].InfoRaw("replication")!.Contains("master_link_status:up", StringComparison.Ordinal);
                }
                catch (RedisException)
                {
                    return false; // Sentinel ends all connections when it gives a server another role.
                }
            }
        }

        public void Dispose() => Server.Dispose();
    }
}
