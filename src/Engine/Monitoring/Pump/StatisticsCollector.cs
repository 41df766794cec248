using XenVmEvent.Abi;

namespace XenVmEvent.Monitoring;

/// <summary>Counts what the pump does. Used by the pump's thread.</summary>
internal sealed class StatisticsCollector(int vcpus)
{
    private readonly long[] _byKind = new long[(int)VmEventKind.Io + 1];
    private readonly long[] _byVCpu = new long[vcpus];
    private readonly LatencyHistogram _wait = new();
    private readonly LatencyHistogram _handling = new();
    private long _answered;
    private long _held;
    private long _timedOut;
    private long _dropped;

    public void OnRead(VmEventKind kind, uint vcpu, long waited)
    {
        _byKind[(int)kind]++;
        _byVCpu[vcpu]++;
        _wait.Add(waited);
    }

    public void OnHeld() => _held++;

    public void OnTimedOut() => _timedOut++;

    public void OnDropped() => _dropped++;

    public void OnAnswered(long took)
    {
        _answered++;
        _handling.Add(took);
    }

    public MonitorStatistics Snapshot(long overwritten) => new()
    {
        Events = _byKind.Sum(),
        ByKind = new CountsBy<VmEventKind>(Enum.GetValues<VmEventKind>().Where(k => _byKind[(int)k] != 0).ToDictionary(k => k, k => _byKind[(int)k])),
        ByVCpu = new TextList<long>(_byVCpu),
        Answered = _answered,
        Held = _held,
        TimedOut = _timedOut,
        Dropped = _dropped,
        Overwritten = overwritten,
        WaitTime = _wait.Summarize(),
        HandlingTime = _handling.Summarize(),
    };
}
