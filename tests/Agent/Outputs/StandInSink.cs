namespace XenVmEvent.Agent.Tests;

/// <summary>A sink that fails, waits and works as a test says.</summary>
internal sealed class StandInSink : IEventSink
{
    private readonly Lock _gate = new();
    private readonly ManualResetEventSlim _open = new(true);
    private readonly List<OutgoingEvent> _taken = [];
    private long _delivered;
    private int _tries;
    private volatile bool _isWaiting;

    public EventSinkState State => new(Volatile.Read(ref _delivered));

    /// <summary>Why it takes nothing; null: it works.</summary>
    public string? Problem { get; set; }

    /// <summary>What it throws instead of working.</summary>
    public Exception? Defect { get; set; }

    public int Tries => Volatile.Read(ref _tries);

    /// <summary>Whether its thread stands still because of <see cref="Block"/>.</summary>
    public bool IsWaiting => _isWaiting;

    public bool IsDisposed { get; private set; }

    /// <summary>What it took: numbers of events, and notes.</summary>
    public IReadOnlyList<string> Taken => [.. Outgoing().Select(one => one.Event is { } its ? $"{Tests.Outgoing.Number(its)}" : $"{one.Loss!.Events} lost")];

    public IReadOnlyList<int> Numbers => [.. Outgoing().Where(one => one.Event is not null).Select(one => (int)Tests.Outgoing.Number(one.Event!))];

    public IReadOnlyList<Events.EventLoss> Losses => [.. Outgoing().Where(one => one.Loss is not null).Select(one => one.Loss!)];

    public void Block() => _open.Reset();

    public void Unblock() => _open.Set();

    public void Write(IReadOnlyList<OutgoingEvent> batch)
    {
        Interlocked.Increment(ref _tries);
        if (batch.Count > 0)
        {
            _isWaiting = !_open.IsSet;
            _open.Wait();
        }

        if (Defect is { } defect) throw defect;
        if (Problem is { } problem) throw new EventSinkException(problem);
        lock (_gate) _taken.AddRange(batch);
        Volatile.Write(ref _delivered, _delivered + batch.Count(one => one.Event is not null));
    }

    public void Dispose() => IsDisposed = true;

    private OutgoingEvent[] Outgoing()
    {
        lock (_gate) return [.. _taken];
    }
}
