using StackExchange.Redis;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>A Redis behind a network that goes away without a word.</summary>
public sealed class LostNetworkTests : IDisposable
{
    private const string Host = "dom0-1";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Trait("Speed", "Slow")]
    public void Everything_arrives_once_and_in_order_when_it_comes_back()
    {
        using TestNetwork network = TestNetwork.Make();
        using RedisServer server = RedisServer.StartWithin(network.Within, _folder["server"], "--port", "6379", "--bind", network.Address, "--protected-mode", "no");
        using RedisSink sink = new(new RedisOutputSettings
        {
            Name = "fleet",
            Redis = new RedisSettings { Server = $"{network.Address}:6379,connectTimeout=1000,asyncTimeout=1000" },
            HostName = Host,
            SpoolFolder = _folder["spool"],
        }, new AgentIdentity());
        using Load load = new(sink);
        Until.True(() => sink.State.Delivered > 1000, () => $"{sink.State}");
        network.Lose();
        Until.True(() => sink.State.Problem is not null);
        long delivered = sink.State.Delivered;
        network.Return();
        Until.True(() => sink.State.Delivered > delivered, () => $"{sink.State}");
        long count = load.End();
        Arrivals.Await(sink);
        Assert.Null(sink.State.Problem);
        using ConnectionMultiplexer admin = server.Connect();
        Arrivals.AssertWhole(admin, Host, count);
    }
}
