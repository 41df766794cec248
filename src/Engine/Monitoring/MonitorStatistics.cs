using XenVmEvent.Abi;

namespace XenVmEvent.Monitoring;

/// <summary>What a session has done up to a moment.</summary>
public sealed record MonitorStatistics
{
    /// <summary>Requests read from the channel.</summary>
    public required long Events { get; init; }

    /// <summary>Of these, how many of each kind; kinds with none are left out.</summary>
    public required IReadOnlyDictionary<VmEventKind, long> ByKind { get; init; }

    /// <summary>Of these, how many by each vCPU, by vCPU id.</summary>
    public required IReadOnlyList<long> ByVCpu { get; init; }

    /// <summary>Responses given, and events that needed none.</summary>
    public required long Answered { get; init; }

    /// <summary>Events that were held for an answer.</summary>
    public required long Held { get; init; }

    /// <summary>Held events whose deadline passed, and which got their default.</summary>
    public required long TimedOut { get; init; }

    /// <summary>Deliveries that a full buffer made impossible, over all subscriptions.</summary>
    public required long Dropped { get; init; }

    /// <summary>Asynchronous events that Xen overwrote before they were read (slotted channel only).</summary>
    public required long Overwritten { get; init; }

    /// <summary>Events that somebody should have seen and did not: those dropped and those overwritten.</summary>
    public long Lost => Dropped + Overwritten;

    /// <summary>How long requests waited in the channel after the session had noticed that some were there.</summary>
    public required LatencySummary WaitTime { get; init; }

    /// <summary>How long from reading a request until Xen was told of its response, holding included.</summary>
    public required LatencySummary HandlingTime { get; init; }
}
