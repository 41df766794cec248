using System.Collections.ObjectModel;
using System.Globalization;
using XenVmEvent.Abi;

namespace XenVmEvent.Monitoring;

/// <summary>What a session has done up to a moment.</summary>
public sealed class MonitorStatistics
{
    internal MonitorStatistics()
    {
    }

    /// <summary>Requests read from the channel.</summary>
    public long Events { get; internal init; }

    /// <summary>Of these, how many of each kind; kinds with none are left out.</summary>
    public IReadOnlyDictionary<VmEventKind, long> ByKind { get; internal init; } = ReadOnlyDictionary<VmEventKind, long>.Empty;

    /// <summary>Of these, how many by each vCPU, by vCPU id.</summary>
    public IReadOnlyList<long> ByVCpu { get; internal init; } = [];

    /// <summary>Responses given, and events that needed none.</summary>
    public long Answered { get; internal init; }

    /// <summary>Events that were held for an answer.</summary>
    public long Held { get; internal init; }

    /// <summary>Held events whose deadline passed, and which got their default.</summary>
    public long TimedOut { get; internal init; }

    /// <summary>Deliveries that a full buffer made impossible, over all subscriptions.</summary>
    public long Dropped { get; internal init; }

    /// <summary>Asynchronous events that Xen overwrote before they were read (slotted channel only).</summary>
    public long Overwritten { get; internal init; }

    /// <summary>Events that somebody should have seen and did not: those dropped and those overwritten.</summary>
    public long Lost => Dropped + Overwritten;

    /// <summary>How long requests waited in the channel after the session had noticed that some were there.</summary>
    public LatencySummary WaitTime { get; internal init; }

    /// <summary>How long from reading a request until Xen was told of its response, holding included.</summary>
    public LatencySummary HandlingTime { get; internal init; }

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Events} events, {Answered} answered, {Held} held, {TimedOut} timed out, {Lost} lost");
}

/// <summary>Counts by what was counted. As text, "MemAccess 2, Cpuid 1": a table or a file of values shows them so.</summary>
internal sealed class CountsBy<T>(IDictionary<T, long> counts) : ReadOnlyDictionary<T, long>(counts) where T : notnull
{
    public override string ToString() => string.Join(", ", Dictionary.Select(c => $"{c.Key} {c.Value}"));
}
