namespace XenVmEvent.Agent;

/// <summary>How events go to a stream of Redis.</summary>
public sealed record RedisSinkOptions
{
    /// <summary>The Redis.</summary>
    public required RedisSettings Redis { get; init; }

    /// <summary>The name of this host, which no other host of the fleet has.</summary>
    public string HostName { get; init; } = Environment.MachineName;

    /// <summary>The folder of the spool. One agent uses it.</summary>
    public required string SpoolFolder { get; init; }

    /// <summary>The largest size of the spool in bytes; at least 1 MiB.</summary>
    public long SpoolLimit { get; init; } = 1L << 30;

    /// <summary>About how many entries the stream keeps; null: not limited by this.</summary>
    public long? MostEntries { get; init; } = 1_000_000;

    /// <summary>About how long the stream keeps an entry; null: not limited by this.</summary>
    public TimeSpan? LongestAge { get; init; }
}
