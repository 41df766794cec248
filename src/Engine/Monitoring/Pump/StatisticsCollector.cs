using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>Counts what the pump does. Used by the pump's thread.</summary>
internal sealed class StatisticsCollector(int vcpus)
{
    private readonly long[] _byKind = new long[(int)VmEventKind.Io + 1];
    private readonly long[] _byAnswer = new long[((int)VmEventKind.Io + 1) * Actions.Length];
    private readonly long[] _byVCpu = new long[vcpus];
    private readonly LatencyHistogram _wait = new();
    private readonly LatencyHistogram _handling = new();
    private long _answered;
    private long _held;
    private long _timedOut;
    private long _dropped;
    private long _shed;

    private static VmEventAction[] Actions { get; } = Enum.GetValues<VmEventAction>();

    public void OnRead(VmEventKind kind, uint vcpu, long waited)
    {
        _byKind[(int)kind]++;
        _byVCpu[vcpu]++;
        _wait.Add(waited);
    }

    public void OnHeld() => _held++;

    public void OnTimedOut() => _timedOut++;

    public void OnDropped() => _dropped++;

    public void OnShed() => _shed++;

    public void OnDecided(VmEventKind kind, VmEventAction action) => _byAnswer[(int)kind * Actions.Length + (int)action]++;

    public void OnAnswered(long took)
    {
        _answered++;
        _handling.Add(took);
    }

    /// <param name="overwritten">The number of events that Xen has overwritten.</param>
    /// <param name="heldNow">The number of events that wait for an answer.</param>
    public MonitorStatistics Snapshot(long overwritten, int heldNow) => new()
    {
        Events = _byKind.Sum(),
        ByKind = new CountsBy<VmEventKind>(Enum.GetValues<VmEventKind>().Where(k => _byKind[(int)k] != 0).ToDictionary(k => k, k => _byKind[(int)k])),
        ByAnswer = (
            from kind in Enum.GetValues<VmEventKind>()
            from action in Actions
            let count = _byAnswer[(int)kind * Actions.Length + (int)action]
            where count != 0
            select ((kind, action), count)).ToDictionary(),
        ByVCpu = new TextList<long>(_byVCpu),
        Answered = _answered,
        Held = _held,
        HeldNow = heldNow,
        TimedOut = _timedOut,
        Dropped = _dropped,
        Overwritten = overwritten,
        Shed = _shed,
        WaitTime = _wait.Summarize(),
        HandlingTime = _handling.Summarize(),
        Handling = _handling.Count(),
    };
}
