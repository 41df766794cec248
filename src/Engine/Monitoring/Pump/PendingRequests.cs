using System.Diagnostics;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>
/// The requests that wait for an answer, for room in a buffer or for their turn, in the order in which they came. Each has
/// a deadline, at which it gets its default answer. Used by the pump's thread.
/// </summary>
internal sealed class PendingRequests(DefaultAnswers defaults, EventLosses losses, StatisticsCollector statistics, TimeSpan responseTimeout)
{
    private readonly long _responseTimeout = (long)(responseTimeout.TotalSeconds * Stopwatch.Frequency);
    private readonly List<PendingRequest> _requests = [];
    private readonly HashSet<EventSubscription> _full = [];

    /// <summary>The number of requests that wait.</summary>
    public int Count => _requests.Count;

    /// <summary>Whether any request waits.</summary>
    public bool Any => _requests.Count > 0;

    /// <summary>The next deadline, or the next turn, in Stopwatch ticks; null if no request waits.</summary>
    public long? NextDeadline
    {
        get
        {
            if (_requests.Count == 0) return null;
            long next = _requests[0].ReadAt + _responseTimeout;
            foreach (PendingRequest pending in _requests)
            {
                if (pending.Turn != 0) next = Math.Min(next, pending.Turn);
            }

            return next;
        }
    }

    public void Add(PendingRequest request) => _requests.Add(request);

    /// <summary>
    /// Whether an event waits for room in a subscription's buffer. A lambda would allocate two objects for each event.
    /// </summary>
    public bool IsAwaited(EventSubscription subscription)
    {
        foreach (PendingRequest pending in _requests)
        {
            if (pending.Undelivered.Contains(subscription)) return true;
        }

        return false;
    }

    /// <summary>Has no request wait for room in this subscription's buffer any more.</summary>
    public void Forget(EventSubscription subscription)
    {
        foreach (PendingRequest pending in _requests)
        {
            pending.Undelivered.Remove(subscription);
            pending.Turn = 0; // It may have been this one's limit.
        }
    }

    /// <summary>Gives the held events that meet a condition their default answers.</summary>
    public void Release(Predicate<VmEvent> applies)
    {
        foreach (PendingRequest pending in _requests)
        {
            if (applies(pending.Event)) pending.Event.TryAnswer(defaults.For(pending.Event.Request), ResponseState.Released);
        }
    }

    /// <summary>Drops the events that wait for room, and gives all events their default answers.</summary>
    public void ReleaseAll()
    {
        foreach (PendingRequest pending in _requests)
        {
            DropUndelivered(pending);
            pending.Turn = 0;
        }

        Release(_ => true);
    }

    /// <summary>Removes all requests without answering them, and returns them.</summary>
    public PendingRequest[] TakeAll()
    {
        PendingRequest[] all = [.. _requests];
        _requests.Clear();
        return all;
    }

    /// <summary>Answers the requests that were decided, have found room, or have passed their deadline.</summary>
    /// <param name="answer">Sends the answer.</param>
    /// <returns>True if any was answered.</returns>
    public bool Settle(Action<PendingRequest> answer)
    {
        if (_requests.Count == 0) return false;
        long now = Stopwatch.GetTimestamp();
        int looked = 0;
        int kept = 0;
        _full.Clear();
        try
        {
            while (looked < _requests.Count)
            {
                PendingRequest pending = _requests[looked++];
                if (IsSettled(pending, now)) answer(pending);
                else _requests[kept++] = pending;
            }
        }
        finally
        {
            // This also applies if settling a request failed: it has been answered, and none is answered twice.
            _requests.RemoveRange(kept, looked - kept);
        }

        return kept < looked;
    }

    private bool IsSettled(PendingRequest pending, long now)
    {
        for (int i = pending.Undelivered.Count - 1; i >= 0; i--)
        {
            // An event must not overtake an older one, even if the consumer has just made room.
            EventSubscription subscription = pending.Undelivered[i];
            if (_full.Contains(subscription)) continue;

            // This asks to be woken before it tries, because the consumer may make room in between.
            subscription.AwaitRoom();
            if (subscription.TryDeliver(pending.Event)) pending.Undelivered.RemoveAt(i);
            else _full.Add(subscription);
        }

        if (now >= pending.Turn) pending.Turn = 0;
        if (now - pending.ReadAt >= _responseTimeout)
        {
            pending.Turn = 0;
            DropUndelivered(pending);
            if (pending.Event.TryAnswer(defaults.For(pending.Event.Request), ResponseState.TimedOut)) statistics.OnTimedOut();
        }

        return pending.Turn == 0 && pending.Undelivered.Count == 0 && pending.Event.IsDecided;
    }

    private void DropUndelivered(PendingRequest pending)
    {
        foreach (EventSubscription subscription in pending.Undelivered) losses.Drop(subscription, pending.Event);
        pending.Undelivered.Clear();
    }
}

/// <summary>A request that waits for its answer, for room or for its turn.</summary>
internal sealed class PendingRequest(VmEvent vmEvent, long readAt)
{
    public VmEvent Event { get; } = vmEvent;

    /// <summary>The time at which it was read, in Stopwatch ticks.</summary>
    public long ReadAt { get; } = readAt;

    /// <summary>The time in Stopwatch ticks before which it is not answered, by a policy's limit; 0: it need not wait.</summary>
    public long Turn { get; set; }

    /// <summary>The subscriptions whose buffers were full.</summary>
    public List<EventSubscription> Undelivered { get; } = [];
}
