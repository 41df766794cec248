using StackExchange.Redis;
using XenVmEvent.Abi;

namespace XenVmEvent.Agent;

/// <summary>Which events of a fleet to receive, and how.</summary>
public sealed record FleetQuery
{
    /// <summary>The Redis.</summary>
    public required RedisSettings Redis { get; init; }

    /// <summary>Whether events of a host are wanted, by its name.</summary>
    public Predicate<string> IsWantedHost { get; init; } = _ => true;

    /// <summary>Whether events of a domain are wanted, by its name.</summary>
    public Predicate<string> IsWantedDomain { get; init; } = _ => true;

    /// <summary>The kinds of event; empty: all.</summary>
    public IReadOnlyCollection<VmEventKind> Kinds { get; init; } = [];

    /// <summary>Only what hosts sent from this time on, by their clocks; null: all that Redis still has.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Whether to wait for more at the end, also of hosts that come later.</summary>
    public bool Follow { get; init; }

    /// <summary>
    /// The group that this reader belongs to; each entry goes to one reader of a group, until one has acknowledged it. Null:
    /// a reader of its own, who gets everything.
    /// </summary>
    public string? Group { get; init; }

    /// <summary>This reader's name in its group. One that starts again under its name gets what it did not acknowledge.</summary>
    public string Consumer { get; init; } = Environment.MachineName;

    /// <summary>
    /// While following: how long an event waits for earlier ones of other hosts. Events that arrive later than this after
    /// they happened come when they arrive.
    /// </summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>After this time without an acknowledgement, a reader takes over what another one of its group had been given.</summary>
    public TimeSpan TakeOverAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Behind what is not wanted of a stream.</summary>
    internal RedisValue FirstPosition => Since is { } since ? $"{Math.Max(0, since.ToUnixTimeMilliseconds())}-0" : "0-0";

    /// <summary>Told what is missing or wrong, a sentence for people at a time.</summary>
    public required Action<string> Tell { get; init; }
}
