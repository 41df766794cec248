namespace XenVmEvent.Events;

/// <summary>
/// The losses of one session, or those that a recording contains, in order and in bounded memory: if there are too
/// many, neighbours become one. Each reader counts the lost events that it knows of. Safe for use from several threads.
/// </summary>
/// <param name="isComplete">Whether the log has every loss, as that of a session does.</param>
internal sealed class LossLog(bool isComplete)
{
    private const int Most = 1024;

    /// <summary>Losses that are no further apart are reported as one.</summary>
    private static readonly TimeSpan Apart = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly List<EventLoss> _losses = [];
    private long _events;

    /// <summary>Whether an empty log means that no event was lost.</summary>
    public bool IsComplete => isComplete;

    /// <summary>The number of events that were lost.</summary>
    public long Events => Volatile.Read(ref _events);

    /// <param name="loss">The loss.</param>
    /// <param name="continues">Whether nothing came since the last loss, so that both are one.</param>
    public void Add(EventLoss loss, bool continues = false)
    {
        lock (_gate)
        {
            if (_losses is [.., var last] && IsSame(last, loss) && (continues || loss.From - last.To < Apart)) _losses[^1] = Join(last, loss);
            else _losses.Add(loss);
            if (_losses.Count > Most) Halve();
            Volatile.Write(ref _events, _events + loss.Events);
        }
    }

    /// <summary>The losses that a reader does not know of and that ended before a time.</summary>
    /// <param name="known">The number of lost events that the reader knows of. These are added to it.</param>
    /// <param name="before">The time; null: all losses.</param>
    public IReadOnlyList<EventLoss> Since(ref long known, DateTimeOffset? before = null)
    {
        lock (_gate)
        {
            List<EventLoss> news = [];
            long counted = 0;
            foreach (EventLoss loss in _losses)
            {
                if (before is { } time && loss.To >= time) break;
                counted += loss.Events;
                if (counted <= known) continue;
                news.Add(Of(loss, Math.Min(loss.Events, counted - known), loss.To));
                known = counted;
            }

            return news;
        }
    }

    private static bool IsSame(EventLoss one, EventLoss other) => (one.Reason, one.DomainId, one.Domain, one.HostName) == (other.Reason, other.DomainId, other.Domain, other.HostName);

    private static EventLoss Join(EventLoss first, EventLoss last) => Of(first, first.Events + last.Events, last.To > first.To ? last.To : first.To);

    private static EventLoss Of(EventLoss loss, long events, DateTimeOffset to) => new(loss.Domain, loss.DomainId, loss.Reason, events, loss.From, to, loss.HostName);

    private void Halve()
    {
        int kept = 0;
        for (int i = 0; i < _losses.Count; i++)
        {
            EventLoss loss = _losses[i];
            if (kept > 0 && i % 2 == 1 && IsSame(_losses[kept - 1], loss)) _losses[kept - 1] = Join(_losses[kept - 1], loss);
            else _losses[kept++] = loss;
        }

        _losses.RemoveRange(kept, _losses.Count - kept);
    }
}
