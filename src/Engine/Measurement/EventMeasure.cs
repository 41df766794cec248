using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Measurement;

/// <summary>What came in a stream of events.</summary>
public record EventMeasure
{
    /// <summary>When the first event came.</summary>
    public required DateTimeOffset StartTime { get; init; }

    /// <summary>From the first event to the last.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>How many events.</summary>
    public required long Events { get; init; }

    /// <summary>Events a second; 0 where one event, or none, came.</summary>
    public double EventsPerSecond => Duration > TimeSpan.Zero ? Events / Duration.TotalSeconds : 0;

    /// <summary>How many of each kind, those with none left out.</summary>
    public required IReadOnlyDictionary<VmEventKind, long> ByKind { get; init; }

    /// <summary>How many of each domain, by name.</summary>
    public required IReadOnlyDictionary<string, long> ByDomain { get; init; }

    /// <summary>How many by vCPUs of each id, whatever the domain.</summary>
    public required IReadOnlyDictionary<uint, long> ByVCpu { get; init; }

    /// <summary>The pages that most events of kind MemAccess, MemPaging and MemSharing were about.</summary>
    public required IReadOnlyList<PageCount> BusiestPages { get; init; }

    /// <summary>The instructions that most events came from.</summary>
    public required IReadOnlyList<InstructionCount> BusiestInstructions { get; init; }

    /// <summary>From reading an event until Xen was told of its answer; of those events where that is known.</summary>
    public required LatencySummary HandlingTime { get; init; }

    /// <summary>Held events that got their default because nobody answered in time.</summary>
    public required long TimedOut { get; init; }

    /// <summary>
    /// Events that the sessions of these had to drop, or that Xen overwrote, since they began, or since the interval before;
    /// null where that is not known, as for recorded events among which none are marked as missing.
    /// </summary>
    public required long? Dropped { get; init; }

    /// <summary>When these were lost, and why.</summary>
    public required IReadOnlyList<EventLoss> Losses { get; init; }
}
