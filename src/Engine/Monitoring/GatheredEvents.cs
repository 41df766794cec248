using System.Diagnostics.CodeAnalysis;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>
/// The events of several sessions, which may come and go meanwhile, for one consumer. Any thread may add a session and
/// wake the consumer; the rest is the consumer's. It ends neither subscriptions nor sessions.
/// </summary>
public sealed class GatheredEvents : IDisposable
{
    private readonly Lock _gate = new();
    private readonly ArrivalSignal _arrival = new();
    private volatile GatheredSession[] _sessions = [];
    private int _next;
    private int _woken;

    /// <summary>The sessions that were added and not removed.</summary>
    public IReadOnlyList<GatheredSession> Sessions => _sessions;

    /// <summary>No session will raise an event any more, and no event is left.</summary>
    public bool IsOver => Array.TrueForAll(_sessions, one => one.Subscription.IsCompleted);

    /// <summary>Watches with a session, whose events come here from then on.</summary>
    /// <exception cref="XenException">As for <see cref="MonitorSession.Watch"/>. Nothing was added.</exception>
    public EventSubscription Watch(MonitorSession session, EventWatch watch)
    {
        ArgumentNullException.ThrowIfNull(session);
        return Add(session, session.Watch(watch, _arrival));
    }

    /// <summary>Has rules decide in a session; the events that they report come here from then on.</summary>
    /// <exception cref="XenException">As for <see cref="MonitorSession.Apply"/>. Nothing was added.</exception>
    public EventSubscription Apply(MonitorSession session, EventRules rules, int bufferSize = 4096, bool dropsWhenFull = false)
    {
        ArgumentNullException.ThrowIfNull(session);
        return Add(session, session.Apply(rules, bufferSize, _arrival, dropsWhenFull));
    }

    /// <summary>Removes the sessions that are over: no event will come and none is left.</summary>
    public IReadOnlyList<GatheredSession> RemoveEnded()
    {
        if (!Array.Exists(_sessions, one => one.Subscription.IsCompleted)) return [];
        lock (_gate)
        {
            GatheredSession[] ended = [.. _sessions.Where(one => one.Subscription.IsCompleted)];
            _sessions = [.. _sessions.Except(ended)];
            return ended;
        }
    }

    /// <summary>
    /// Takes the next event if there is one, from each session in turn. The events of one session are in order, although
    /// it may have several subscriptions.
    /// </summary>
    public bool TryTake([NotNullWhen(true)] out VmEvent? vmEvent, [NotNullWhen(true)] out MonitorSession? session)
    {
        GatheredSession[] sessions = _sessions;
        for (int i = 0; i < sessions.Length; i++)
        {
            int at = _next++ % sessions.Length;
            if (_next == int.MaxValue) _next = 0;
            if (sessions[at].Subscription.Peek() is null) continue;
            session = sessions[at].Session;
            return OldestOf(sessions, at).TryTake(out vmEvent);
        }

        vmEvent = null;
        session = null;
        return false;
    }

    /// <summary>
    /// Sleeps until there is an event, a session is over, <see cref="Wake"/> is called, the time is over or the token is
    /// cancelled.
    /// </summary>
    public void Wait(TimeSpan timeout, CancellationToken cancellation)
    {
        try
        {
            _arrival.Wait(() => Interlocked.Exchange(ref _woken, 0) != 0 || Array.Exists(_sessions, one => one.Subscription.HasNews), timeout, cancellation);
        }
        catch (OperationCanceledException)
        {
            // Whoever cancelled will check.
        }
    }

    /// <summary>
    /// The subscription of a session that has its oldest event. An event is put into one buffer after the other. So after
    /// one was seen, all that came before it are to be seen, too.
    /// </summary>
    private static EventSubscription OldestOf(GatheredSession[] sessions, int at)
    {
        MonitorSession session = sessions[at].Session;
        while (at > 0 && sessions[at - 1].Session == session) at--;
        EventSubscription oldest = sessions[at].Subscription;
        for (long first = oldest.Peek()?.Timestamp ?? long.MaxValue; ++at < sessions.Length && sessions[at].Session == session;)
        {
            if (sessions[at].Subscription.Peek()?.Timestamp is not { } other || other >= first) continue;
            first = other;
            oldest = sessions[at].Subscription;
        }

        return oldest;
    }

    /// <summary>The subscriptions of a session lie beside each other.</summary>
    private EventSubscription Add(MonitorSession session, EventSubscription subscription)
    {
        lock (_gate)
        {
            int last = Array.FindLastIndex(_sessions, one => one.Session == session);
            int place = last < 0 ? _sessions.Length : last + 1;
            _sessions = [.. _sessions[..place], new GatheredSession(session, subscription), .. _sessions[place..]];
        }

        _arrival.Set(); // An event that has come meanwhile woke the consumer in vain.
        return subscription;
    }

    /// <summary>Ends a <see cref="Wait"/>, the current one or the next.</summary>
    public void Wake()
    {
        Volatile.Write(ref _woken, 1);
        _arrival.Set();
    }

    /// <inheritdoc/>
    public void Dispose() => _arrival.Dispose();
}

/// <summary>A session and what is consumed of it.</summary>
/// <param name="Session">The session.</param>
/// <param name="Subscription">Its events.</param>
public sealed record GatheredSession(MonitorSession Session, EventSubscription Subscription);
