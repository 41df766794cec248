namespace XenVmEvent.Agent;

/// <summary>Events in a stream of Redis that is this host's own.</summary>
public sealed record RedisOutputSettings : OutputSettings
{
    /// <summary>The least that may be set for the spool, in bytes.</summary>
    public const long SmallestSpool = 1 << 20;

    /// <summary>The Redis.</summary>
    public required RedisSettings Redis { get; init; }

    /// <summary>The name of this host, which no other host of the fleet has.</summary>
    public string HostName { get; init; } = Environment.MachineName;

    /// <summary>The folder of the spool. One output of one agent uses it.</summary>
    public required string SpoolFolder { get; init; }

    /// <summary>The largest size of the spool in bytes.</summary>
    public long SpoolSize { get; init; } = 1L << 30;

    /// <summary>About how many entries the stream keeps; null: not limited by this.</summary>
    public long? MostEntries { get; init; } = 1_000_000;

    /// <summary>About how long the stream keeps an entry; null: not limited by this.</summary>
    public TimeSpan? LongestAge { get; init; }

    /// <inheritdoc/>
    public override string Place => $"the stream {HostStream.KeyOf(HostName)} of Redis, by the spool {SpoolFolder}";

    /// <inheritdoc/>
    public override IEventSink CreateSink(AgentIdentity agent) => new RedisSink(this, agent);
}
