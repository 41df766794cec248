using System.Diagnostics.CodeAnalysis;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Policy;

namespace XenVmEvent.PS;

/// <summary>
/// The events of one watch of one or more domains, for their consumer: a pipeline or a job. It opens missing sessions,
/// which end with the last watch that uses them. Used by one thread, except <see cref="Stop"/>.
/// </summary>
/// <param name="watch">What to watch.</param>
/// <param name="options">The options of sessions that it opens.</param>
/// <param name="policy">The policy whose events to show instead; null: the watch's.</param>
/// <param name="guarded">Whether these get a guard.</param>
/// <param name="lookup">
/// Looks up instructions and symbols; null if none are asked for. Disposed together with this.
/// </param>
internal sealed class EventStream(EventWatch watch, VmEventPolicy? policy, MonitorOptions options, bool guarded, EventLookup? lookup) : IDisposable
{
    /// <summary>Why events are overwritten, and what helps, as part of a sentence.</summary>
    public const string WhyOverwritten =
        "Xen overwrote them before they were read, because the guest does not wait for these on the slotted channel; -Channel Ring loses none";

    private readonly Lock _gate = new();
    private readonly List<(EventSubscription Subscription, MonitorSession Session)> _watches = [];
    private readonly ArrivalSignal _arrival = new();
    private int _next;

    /// <summary>Whether it watches a domain.</summary>
    public bool IsEmpty => _watches.Count == 0;

    /// <summary>No domain will raise an event any more, and none is left.</summary>
    public bool IsOver => _watches.TrueForAll(w => w.Subscription.IsCompleted);

    /// <summary>The domains that are watched.</summary>
    public IEnumerable<XenDomain> Domains => _watches.Select(w => w.Session.Domain);

    /// <summary>How many events were lost because the buffer was full until their deadline.</summary>
    public long Dropped => _watches.Sum(w => w.Subscription.Dropped);

    /// <summary>How many events were lost because Xen overwrote them before they were read.</summary>
    public long Overwritten => _watches.Sum(w => w.Subscription.Overwritten);

    /// <summary>Adds a domain to the watch.</summary>
    /// <returns>Its session.</returns>
    /// <exception cref="XenException">It cannot be watched; the domain is unchanged.</exception>
    public MonitorSession Add(XenDomain domain)
    {
        EventRules? rules = policy?.RulesFor(XenHost.Current, domain, XenHost.Warnings.Enqueue);
        if (rules is null && XenHost.FindSession(domain) is null) MonitorSession.EnsurePossible(XenHost.Current, domain, watch);
        MonitorSession session = XenHost.Join(domain, this, options, guarded);
        try
        {
            lookup?.Add(domain);
            EventSubscription subscription = rules is null ? session.Watch(watch, _arrival) : session.Apply(rules, watch.BufferSize, _arrival);
            lock (_gate) _watches.Add((subscription, session));
            return session;
        }
        catch (XenException)
        {
            XenHost.Leave(session, this);
            throw;
        }
    }

    /// <summary>Takes the next event if there is one, from each domain in turn.</summary>
    public bool TryTake([NotNullWhen(true)] out VmEvent? vmEvent, [NotNullWhen(true)] out MonitorSession? session)
    {
        for (int i = 0; i < _watches.Count; i++)
        {
            (EventSubscription subscription, session) = _watches[_next];
            _next = (_next + 1) % _watches.Count;
            if (!subscription.TryTake(out vmEvent)) continue;
            lookup?.Complete(vmEvent);
            return true;
        }

        vmEvent = null;
        session = null;
        return false;
    }

    /// <summary>
    /// Waits until there is an event or none will come any more, for at most this time, or until cancelled.
    /// </summary>
    public void Wait(TimeSpan timeout, CancellationToken cancellation)
    {
        try
        {
            _arrival.Wait(() => IsOver || _watches.Exists(w => w.Subscription.HasNews && !w.Subscription.IsCompleted), timeout, cancellation);
        }
        catch (OperationCanceledException)
        {
            // Whoever cancelled will check.
        }
    }

    /// <summary>Ends it, and the sessions that nobody else uses.</summary>
    /// <param name="hasAll">It has all events that it wanted, so it has missed nothing if a session has ended.</param>
    /// <param name="cancellation">Ends the wait for a domain that reboots.</param>
    /// <returns>What went wrong, and for which domain.</returns>
    public IReadOnlyList<(XenException Error, XenDomain Domain)> End(bool hasAll, CancellationToken cancellation)
    {
        List<(XenException, XenDomain)> errors = [];
        foreach ((EventSubscription subscription, MonitorSession session) in _watches)
        {
            bool wasStopped = session.End is { Reason: SessionEndReason.Stopped };
            subscription.Dispose();
            if (XenHost.Leave(session, this) is not { } end) continue;
            if (wasStopped && !hasAll) errors.Add((EndedByAnother(session.Domain), session.Domain));
            if (session.ExplainDomainEnd(cancellation) is { } ended) errors.Add((ended, session.Domain));
            if (end.Failure is { } failure) errors.Add((failure, session.Domain));
            errors.AddRange(end.TeardownFailures.Select(e => (e, session.Domain)));
        }

        lock (_gate) _watches.Clear();
        return errors;
    }

    /// <summary>
    /// Ends the watch, and the sessions that nobody else uses. For any thread, while another consumes it.
    /// </summary>
    public void Stop()
    {
        (EventSubscription Subscription, MonitorSession Session)[] watches;
        lock (_gate) watches = [.. _watches];
        foreach ((EventSubscription subscription, _) in watches) subscription.Dispose();
        foreach ((_, MonitorSession session) in watches) XenHost.Leave(session, this);
    }

    private static XenException EndedByAnother(XenDomain domain) => new(
        XenErrorId.SessionEnded,
        $"The session of {domain} was ended during the watch, by Disable-XenMonitor, Connect-XenHost or Remove-Module.",
        "Watch it again, and end the session after its watches.");

    /// <summary>Ends it in any case; does nothing after <see cref="End"/>.</summary>
    public void Dispose()
    {
        Stop();
        _arrival.Dispose();
        lookup?.Dispose();
    }
}
