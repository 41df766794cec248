using StackExchange.Redis;

namespace XenVmEvent.Agent;

/// <summary>The stream of a host: its name, and which names a host can have.</summary>
internal static class HostStream
{
    public const string Prefix = "xenvmevent:";

    /// <summary>The one field of an entry: a line.</summary>
    public const string Field = "line";

    /// <summary>The longest line of a recording in bytes.</summary>
    private const int LongestLine = 1 << 20;

    private const int LongestName = 253;

    /// <summary>The key of a host's stream.</summary>
    public static RedisKey KeyOf(string host) => Prefix + host;

    /// <summary>The names of all hosts that have a stream; what cannot be the name of one is left out.</summary>
    /// <exception cref="RedisException">Redis refuses, or cannot be reached.</exception>
    public static IEnumerable<string> FindHosts(ConnectionMultiplexer redis)
    {
        foreach (IServer server in redis.GetServers())
        {
            if (!server.IsConnected || server.IsReplica) continue;
            foreach (RedisKey key in server.Keys(redis.GetDatabase().Database, $"{Prefix}*", pageSize: 1000))
            {
                if (((string)key!)[Prefix.Length..] is var host && IsName(host)) yield return host;
            }
        }
    }

    /// <summary>The line of an entry; null if it is none that an agent writes.</summary>
    public static byte[]? LineOf(StreamEntry entry) =>
        entry.Values is [var one] && one.Name == Field && one.Value.Length() <= LongestLine ? (byte[]?)one.Value : null;

    /// <summary>Whether a host can have this name: that of a host in DNS, or one like it.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= LongestName && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
}
