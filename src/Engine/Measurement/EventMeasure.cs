using System.Collections.ObjectModel;
using System.Globalization;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Measurement;

/// <summary>The measure of a stream of events.</summary>
public class EventMeasure
{
    internal EventMeasure()
    {
    }

    /// <summary>The same measure at another time.</summary>
    private protected EventMeasure(EventMeasure measure, DateTimeOffset startTime, TimeSpan duration)
    {
        StartTime = startTime;
        Duration = duration;
        Events = measure.Events;
        ByKind = measure.ByKind;
        ByHost = measure.ByHost;
        ByDomain = measure.ByDomain;
        ByVCpu = measure.ByVCpu;
        ByRule = measure.ByRule;
        BusiestPages = measure.BusiestPages;
        BusiestInstructions = measure.BusiestInstructions;
        HandlingTime = measure.HandlingTime;
        TimedOut = measure.TimedOut;
        Dropped = measure.Dropped;
        Losses = measure.Losses;
    }

    /// <summary>When the first event came.</summary>
    public DateTimeOffset StartTime { get; internal init; }

    /// <summary>From the first event to the last.</summary>
    public TimeSpan Duration { get; internal init; }

    /// <summary>How many events.</summary>
    public long Events { get; internal init; }

    /// <summary>Events per second; 0 for one event or none.</summary>
    public double EventsPerSecond => Duration > TimeSpan.Zero ? Events / Duration.TotalSeconds : 0;

    /// <summary>How many events of each kind; kinds without events are left out.</summary>
    public IReadOnlyDictionary<VmEventKind, long> ByKind { get; internal init; } = ReadOnlyDictionary<VmEventKind, long>.Empty;

    /// <summary>How many events of each host that they were received from, by name; empty for events of this host.</summary>
    public IReadOnlyDictionary<string, long> ByHost { get; internal init; } = ReadOnlyDictionary<string, long>.Empty;

    /// <summary>
    /// How many events of each domain, by name. Of other hosts a domain is named with its host, as in dom0-1/web01, here and
    /// in the pages and instructions.
    /// </summary>
    public IReadOnlyDictionary<string, long> ByDomain { get; internal init; } = ReadOnlyDictionary<string, long>.Empty;

    /// <summary>How many events of vCPUs with each id, whatever the domain.</summary>
    public IReadOnlyDictionary<uint, long> ByVCpu { get; internal init; } = ReadOnlyDictionary<uint, long>.Empty;

    /// <summary>The events that rules of policies applied to, by policy and rule.</summary>
    public IReadOnlyList<RuleCount> ByRule { get; internal init; } = [];

    /// <summary>The pages with the most MemAccess, MemPaging and MemSharing events.</summary>
    public IReadOnlyList<PageCount> BusiestPages { get; internal init; } = [];

    /// <summary>The instructions that raised the most events.</summary>
    public IReadOnlyList<InstructionCount> BusiestInstructions { get; internal init; } = [];

    /// <summary>
    /// The time from reading an event until Xen was told its answer, for those events where it is known.
    /// </summary>
    public LatencySummary HandlingTime { get; internal init; }

    /// <summary>Held events that got their default answer because nobody answered in time.</summary>
    public long TimedOut { get; internal init; }

    /// <summary>
    /// Events that the sessions dropped or that Xen overwrote, since the sessions began or since the previous interval.
    /// Null if unknown, as for recorded events without marks of missing events.
    /// </summary>
    public long? Dropped { get; internal init; }

    /// <summary>When these events were lost, and why.</summary>
    public IReadOnlyList<EventLoss> Losses { get; internal init; } = [];

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Events} events in {Duration}, {EventsPerSecond:0.#} a second");
}

/// <summary>How many events a rule of a policy applied to.</summary>
public readonly record struct RuleCount(string Policy, string Rule, RuleSeverity Severity, long Events, long Answered)
{
    /// <summary>The policy's name.</summary>
    public string Policy { get; } = Policy;

    /// <summary>The rule's name.</summary>
    public string Rule { get; } = Rule;

    /// <summary>How serious its events are.</summary>
    public RuleSeverity Severity { get; } = Severity;

    /// <summary>How many.</summary>
    public long Events { get; } = Events;

    /// <summary>How many of them the rule answered.</summary>
    public long Answered { get; } = Answered;

    /// <inheritdoc/>
    public override string ToString() => $"{Policy} {Rule} ({Severity}): {Events}, {Answered} answered";
}

/// <summary>How many events an instruction raised.</summary>
public readonly record struct InstructionCount(string Domain, ulong InstructionPointer, long Events)
{
    /// <summary>The domain's name.</summary>
    public string Domain { get; } = Domain;

    /// <summary>The address of the instruction.</summary>
    public ulong InstructionPointer { get; } = InstructionPointer;

    /// <summary>How many.</summary>
    public long Events { get; } = Events;

    /// <inheritdoc/>
    public override string ToString() => $"{Domain} 0x{InstructionPointer:x16}: {Events}";
}

/// <summary>How many events a page had.</summary>
public readonly record struct PageCount(string Domain, ulong Gfn, long Events)
{
    /// <summary>The domain's name.</summary>
    public string Domain { get; } = Domain;

    /// <summary>The guest frame number.</summary>
    public ulong Gfn { get; } = Gfn;

    /// <summary>How many.</summary>
    public long Events { get; } = Events;

    /// <inheritdoc/>
    public override string ToString() => $"{Domain} 0x{Gfn:x}: {Events}";
}

/// <summary>The measure of one interval of a stream of events.</summary>
public sealed class IntervalMeasure : EventMeasure
{
    /// <summary>Makes the measure of the counts from a time on.</summary>
    internal IntervalMeasure(EventMeasure measure, DateTimeOffset startTime, TimeSpan duration) : base(measure, startTime, duration)
    {
    }
}
