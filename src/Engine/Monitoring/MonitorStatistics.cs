using System.Collections.ObjectModel;
using System.Globalization;
using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>What a session has done up to a moment.</summary>
public sealed class MonitorStatistics
{
    internal MonitorStatistics()
    {
    }

    /// <summary>Requests read from the channel.</summary>
    public long Events { get; internal init; }

    /// <summary>How many of them are of each kind; kinds without any are left out.</summary>
    public IReadOnlyDictionary<VmEventKind, long> ByKind { get; internal init; } = ReadOnlyDictionary<VmEventKind, long>.Empty;

    /// <summary>
    /// How many of them were answered how, by kind. Those are left out that needed no answer or that got none.
    /// </summary>
    internal IReadOnlyDictionary<(VmEventKind Kind, VmEventAction Action), long> ByAnswer { get; init; } = ReadOnlyDictionary<(VmEventKind, VmEventAction), long>.Empty;

    /// <summary>How many of them each vCPU raised, by vCPU id.</summary>
    public IReadOnlyList<long> ByVCpu { get; internal init; } = [];

    /// <summary>Responses given, and events that needed none.</summary>
    public long Answered { get; internal init; }

    /// <summary>Events that were held for an answer.</summary>
    public long Held { get; internal init; }

    /// <summary>Events that wait for an answer at the moment, while their vCPUs stand still.</summary>
    internal int HeldNow { get; init; }

    /// <summary>Held events whose deadline passed and which got their default answer.</summary>
    public long TimedOut { get; internal init; }

    /// <summary>Deliveries that a full buffer prevented, over all subscriptions.</summary>
    public long Dropped { get; internal init; }

    /// <summary>Asynchronous events that Xen overwrote before they were read (slotted channel only).</summary>
    public long Overwritten { get; internal init; }

    /// <summary>Events that a policy's limit kept from being shown.</summary>
    internal long Shed { get; init; }

    /// <summary>Events that somebody should have seen and did not: dropped and overwritten ones.</summary>
    public long Lost => Dropped + Overwritten;

    /// <summary>How long requests waited in the channel after the session had noticed them.</summary>
    public LatencySummary WaitTime { get; internal init; }

    /// <summary>
    /// How long it took from reading a request until Xen was told of its response, including the time held.
    /// </summary>
    public LatencySummary HandlingTime { get; internal init; }

    /// <summary>The same, so that it can be added to that of others.</summary>
    internal DurationCounts Handling { get; init; } = DurationCounts.None;

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Events} events, {Answered} answered, {Held} held, {TimedOut} timed out, {Lost} lost");
}

/// <summary>Counts by key. Its text is "MemAccess 2, Cpuid 1", as shown in a table or a file of values.</summary>
internal sealed class CountsBy<T>(IDictionary<T, long> counts) : ReadOnlyDictionary<T, long>(counts) where T : notnull
{
    public override string ToString() => string.Join(", ", Dictionary.Select(c => $"{c.Key} {c.Value}"));
}
