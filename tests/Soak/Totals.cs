using XenVmEvent.Monitoring;

namespace XenVmEvent.Soak;

/// <summary>What all rounds have done.</summary>
internal sealed class Totals
{
    private long _sessions;
    private long _events;
    private long _held;
    private long _timedOut;
    private long _dropped;
    private long _failures;

    public long Failures => Volatile.Read(ref _failures);

    public void Add(MonitorStatistics statistics)
    {
        _sessions++;
        _events += statistics.Events;
        _held += statistics.Held;
        _timedOut += statistics.TimedOut;
        _dropped += statistics.Lost;
    }

    public void Fail(int round, string message)
    {
        Interlocked.Increment(ref _failures);
        Console.WriteLine($"soak: FAILED: round {round}: {message}");
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{_sessions:N0} sessions, {_events:N0} events, {_held:N0} held, {_timedOut:N0} past their deadline, {_dropped:N0} dropped, {Failures} failures";
}
