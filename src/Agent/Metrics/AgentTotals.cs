using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Agent;

/// <summary>
/// What all sessions have counted since the agent began. The number of domains' names is bounded, since guests come and go:
/// further ones are counted together.
/// </summary>
public sealed class AgentTotals
{
    /// <summary>The name under which the events of domains are counted for which there is no name left.</summary>
    public const string OtherDomains = "_other";

    private readonly int _mostDomains;
    private readonly HashSet<string> _domains = [];
    private readonly Dictionary<(string Domain, VmEventKind Kind, VmEventAction? Answer), long> _events = [];
    private readonly Dictionary<LossReason, long> _lost = [];
    private readonly Dictionary<SessionEndReason, long> _ended = [];
    private readonly long[] _handling = new long[DurationCounts.Bounds.Count];

    /// <summary>Nothing was counted yet.</summary>
    /// <param name="mostDomains">The number of domains' names that are told apart.</param>
    public AgentTotals(int mostDomains) => _mostDomains = mostDomains;

    /// <summary>A copy, to go on counting with.</summary>
    public AgentTotals(AgentTotals other)
    {
        ArgumentNullException.ThrowIfNull(other);
        _mostDomains = other._mostDomains;
        _domains = [.. other._domains];
        _events = new(other._events);
        _lost = new(other._lost);
        _ended = new(other._ended);
        other._handling.CopyTo(_handling, 0);
        Handled = other.Handled;
        HandlingTime = other.HandlingTime;
        DeadlinesMissed = other.DeadlinesMissed;
    }

    /// <summary>The number of events by domain, kind and answer. The answer is null if an event needed or got none.</summary>
    public IReadOnlyDictionary<(string Domain, VmEventKind Kind, VmEventAction? Answer), long> Events => _events;

    /// <summary>The number of events that were lost on the way to the agent, by the reason.</summary>
    public IReadOnlyDictionary<LossReason, long> Lost => _lost;

    /// <summary>The number of sessions that ended, by the reason.</summary>
    public IReadOnlyDictionary<SessionEndReason, long> Ended => _ended;

    /// <summary>The number of events that were handled within each of <see cref="DurationCounts.Bounds"/>.</summary>
    public IReadOnlyList<long> HandledWithin => _handling;

    /// <summary>The number of events that were handled.</summary>
    public long Handled { get; private set; }

    /// <summary>How long that took, all together.</summary>
    public TimeSpan HandlingTime { get; private set; }

    /// <summary>The number of events whose deadline passed before they had an answer.</summary>
    public long DeadlinesMissed { get; private set; }

    /// <summary>Adds what a session has counted.</summary>
    /// <param name="domain">Its domain.</param>
    /// <param name="statistics">What it has counted.</param>
    public void Add(XenDomain domain, MonitorStatistics statistics)
    {
        ArgumentNullException.ThrowIfNull(domain);
        ArgumentNullException.ThrowIfNull(statistics);
        string name = _domains.Contains(domain.Name) || (_domains.Count < _mostDomains && _domains.Add(domain.Name)) ? domain.Name : OtherDomains;
        foreach ((VmEventKind kind, long events) in statistics.ByKind)
        {
            long rest = events;
            foreach (VmEventAction action in Enum.GetValues<VmEventAction>())
            {
                long count = statistics.ByAnswer.GetValueOrDefault((kind, action));
                Add(_events, (name, kind, action), count);
                rest -= count;
            }

            Add(_events, (name, kind, null), rest);
        }

        Add(_lost, LossReason.Dropped, statistics.Dropped);
        Add(_lost, LossReason.Overwritten, statistics.Overwritten);
        Add(_lost, LossReason.Shed, statistics.Shed);
        for (int i = 0; i < _handling.Length; i++) _handling[i] += statistics.Handling.Within[i];
        Handled += statistics.Handling.Total;
        HandlingTime += statistics.Handling.Sum;
        DeadlinesMissed += statistics.TimedOut;
    }

    /// <summary>Adds the end of a session.</summary>
    public void Add(SessionEndReason reason) => Add(_ended, reason, 1);

    private static void Add<T>(Dictionary<T, long> counts, T key, long more) where T : notnull
    {
        if (more > 0) counts[key] = counts.GetValueOrDefault(key) + more;
    }
}
