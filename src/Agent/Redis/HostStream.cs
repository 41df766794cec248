using StackExchange.Redis;

namespace XenVmEvent.Agent;

/// <summary>The stream of a host: its name, and which names a host can have.</summary>
internal static class HostStream
{
    public const string Prefix = "xenvmevent:";

    private const int LongestName = 253;

    /// <summary>The key of a host's stream.</summary>
    public static RedisKey KeyOf(string host) => Prefix + host;

    /// <summary>Whether a host can have this name: that of a host in DNS, or one like it.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= LongestName && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
}
