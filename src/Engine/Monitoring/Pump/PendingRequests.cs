using System.Diagnostics;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>
/// The requests that wait for somebody's answer, or for room in a buffer, in the order in which they came. Each has a
/// deadline, at which it gets its default. Used by the pump's thread.
/// </summary>
internal sealed class PendingRequests(DefaultAnswers defaults, EventLosses losses, StatisticsCollector statistics, TimeSpan responseTimeout)
{
    private readonly long _responseTimeout = (long)(responseTimeout.TotalSeconds * Stopwatch.Frequency);
    private readonly List<PendingRequest> _requests = [];
    private readonly HashSet<EventSubscription> _full = [];

    /// <summary>Whether any request waits.</summary>
    public bool Any => _requests.Count > 0;

    /// <summary>When the next deadline is due, in Stopwatch ticks.</summary>
    public long? NextDeadline => _requests.Count == 0 ? null : _requests[0].ReadAt + _responseTimeout;

    public void Add(PendingRequest request) => _requests.Add(request);

    /// <summary>Whether an event waits for room in a subscription's buffer. No lambda: it would be two objects an event.</summary>
    public bool IsAwaited(EventSubscription subscription)
    {
        foreach (PendingRequest pending in _requests)
        {
            if (pending.Undelivered.Contains(subscription)) return true;
        }

        return false;
    }

    /// <summary>No request waits for room in this subscription's buffer any more.</summary>
    public void Forget(EventSubscription subscription)
    {
        foreach (PendingRequest pending in _requests) pending.Undelivered.Remove(subscription);
    }

    /// <summary>Gives the held events that a condition applies to their defaults.</summary>
    public void Release(Predicate<VmEvent> applies)
    {
        foreach (PendingRequest pending in _requests)
        {
            if (applies(pending.Event)) pending.Event.TryAnswer(defaults.For(pending.Event.Request), ResponseState.Released);
        }
    }

    /// <summary>Drops what waits for room, and gives everything its default.</summary>
    public void ReleaseAll()
    {
        foreach (PendingRequest pending in _requests) DropUndelivered(pending);
        Release(_ => true);
    }

    /// <summary>Takes all requests out without an answer.</summary>
    public PendingRequest[] TakeAll()
    {
        PendingRequest[] all = [.. _requests];
        _requests.Clear();
        return all;
    }

    /// <summary>Answers the requests that were decided, have found room, or are over their deadline.</summary>
    /// <param name="answer">Sends the answer.</param>
    /// <returns>True when any was answered.</returns>
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
            // Also when settling one failed, which has been answered all the same: none is answered twice.
            _requests.RemoveRange(kept, looked - kept);
        }

        return kept < looked;
    }

    private bool IsSettled(PendingRequest pending, long now)
    {
        for (int i = pending.Undelivered.Count - 1; i >= 0; i--)
        {
            // Not past an older event, even if the consumer makes room just now.
            EventSubscription subscription = pending.Undelivered[i];
            if (_full.Contains(subscription)) continue;

            // First the request to be woken, then the try: the consumer may make room in between.
            subscription.AwaitRoom();
            if (subscription.TryDeliver(pending.Event)) pending.Undelivered.RemoveAt(i);
            else _full.Add(subscription);
        }

        if (now - pending.ReadAt >= _responseTimeout)
        {
            DropUndelivered(pending);
            if (pending.Event.TryAnswer(defaults.For(pending.Event.Request), ResponseState.TimedOut)) statistics.OnTimedOut();
        }

        return pending.Undelivered.Count == 0 && pending.Event.IsDecided;
    }

    private void DropUndelivered(PendingRequest pending)
    {
        foreach (EventSubscription subscription in pending.Undelivered) losses.Drop(subscription, pending.Event);
        pending.Undelivered.Clear();
    }
}

/// <summary>A request whose answer waits.</summary>
internal sealed class PendingRequest(VmEvent vmEvent, long readAt)
{
    public VmEvent Event { get; } = vmEvent;

    /// <summary>When it was read, in Stopwatch ticks.</summary>
    public long ReadAt { get; } = readAt;

    /// <summary>Subscriptions whose buffers were full.</summary>
    public List<EventSubscription> Undelivered { get; } = [];
}
