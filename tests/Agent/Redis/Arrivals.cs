using StackExchange.Redis;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>What has arrived in the stream of a host.</summary>
internal static class Arrivals
{
    /// <summary>Waits until all that the sink took has arrived.</summary>
    public static void Await(RedisSink sink) => Until.True(() => sink.State.Waiting == 0, () => $"{sink.State}");

    /// <summary>Checks that the events of numbers from 0 are there, each once and in order.</summary>
    public static void AssertWhole(ConnectionMultiplexer redis, string host, long count) =>
        Assert.Equal(Enumerable.Range(0, (int)count).Select(n => (long)n), Read(redis, host).OfType<long>());

    /// <summary>The numbers of the stream's entries; null for notes and what is not ours.</summary>
    public static List<long?> Read(ConnectionMultiplexer redis, string host)
    {
        List<long?> numbers = [];
        RedisValue position = "0-0";
        while (redis.GetDatabase().StreamRead($"xenvmevent:{host}", position, 1000) is { Length: > 0 } entries)
        {
            numbers.AddRange(entries.Select(e => Entries.NumberOf((byte[])e["line"]!)));
            position = entries[^1].Id;
        }

        return numbers;
    }
}
