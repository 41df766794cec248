namespace XenVmEvent.Monitoring;

/// <summary>What the pump's thread has to do between events, in order, until the session has ended.</summary>
/// <param name="wake">Wakes the pump's thread.</param>
internal sealed class PumpQueue(Action wake)
{
    private readonly Lock _gate = new();
    private readonly Queue<PumpWork> _work = new();
    private PumpWork? _current;
    private SessionEnd? _end;

    /// <summary>How the session ended; null while it runs.</summary>
    public SessionEnd? End => Volatile.Read(ref _end);

    /// <summary>Has the pump's thread do something, and waits until it is done.</summary>
    /// <exception cref="XenException">It failed, or <see cref="XenErrorId.SessionEnded"/>.</exception>
    public void Invoke(Action action) => Invoke(() =>
    {
        action();
        return [];
    });

    /// <summary>The same, one step at a time, with events in between.</summary>
    /// <exception cref="XenException">It failed, or <see cref="XenErrorId.SessionEnded"/>.</exception>
    public void Invoke(Func<IEnumerable<int>> steps)
    {
        PumpWork work = new(steps);
        Add(work);
        wake();
        work.Wait();
    }

    /// <summary>Adds work for which nobody waits. Called by the pump's thread.</summary>
    public void Add(PumpWork work)
    {
        lock (_gate)
        {
            if (_end is not null) throw SessionEnded(_end);
            _work.Enqueue(work);
        }
    }

    /// <summary>Does one step of the oldest work. Called by the pump's thread.</summary>
    /// <returns>Whether there was any.</returns>
    public bool Step()
    {
        if (_current is null)
        {
            lock (_gate)
            {
                if (!_work.TryDequeue(out _current)) return false;
            }
        }

        if (_current.Step()) _current = null;
        return true;
    }

    /// <summary>The session has ended: what was not done fails. Called by the pump's thread.</summary>
    public void Close(SessionEnd end)
    {
        lock (_gate)
        {
            Volatile.Write(ref _end, end);
            _current?.Fail(SessionEnded(end));
            foreach (PumpWork work in _work) work.Fail(SessionEnded(end));
            _work.Clear();
        }
    }

    private static XenException SessionEnded(SessionEnd end) =>
        new(XenErrorId.SessionEnded, $"The session has ended: {end}.", "Enable the monitor again.", end.Failure);
}
