using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Policy;

namespace XenVmEvent.PS;

/// <summary>
/// The events of one watch of domains, for their consumer: a pipeline or a job. It opens missing sessions, which end
/// with the last watch that uses them. Used by one thread, except <see cref="Add"/> and <see cref="Stop"/>.
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

    private readonly GatheredEvents _events = new();
    private readonly ConcurrentQueue<FollowNews> _news = new();
    private readonly List<(XenException Error, XenDomain Domain)> _errors = [];
    private IHypervisor? _host;
    private DomainFollower? _follower;
    private string? _followed;
    private long _dropped;
    private long _overwritten;

    /// <summary>Whether it neither watches a domain nor follows any.</summary>
    public bool IsEmpty => _events.Sessions.Count == 0 && _follower is null;

    /// <summary>No domain will raise an event any more, and none is left.</summary>
    public bool IsOver => (_follower is null || !XenHost.IsCurrent(_host)) && _events.IsOver;

    /// <summary>The domains that are watched, or what was asked for if they are followed; for people.</summary>
    public string Domains => _followed ?? string.Join(", ", _events.Sessions.Select(one => one.Session.Domain.Name));

    /// <summary>How many events were lost because the buffer was full until their deadline.</summary>
    public long Dropped => _dropped + _events.Sessions.Sum(one => one.Subscription.Dropped);

    /// <summary>How many events were lost because Xen overwrote them before they were read.</summary>
    public long Overwritten => _overwritten + _events.Sessions.Sum(one => one.Subscription.Overwritten);

    /// <summary>Adds a domain to the watch. From any thread.</summary>
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
            if (rules is null) _events.Watch(session, watch);
            else _events.Apply(session, rules, watch.BufferSize);
            return session;
        }
        catch (XenException)
        {
            lookup?.Remove(domain);
            XenHost.Leave(session, this);
            throw;
        }
    }

    /// <summary>Watches the guests that are meant, also those that start later, until the end.</summary>
    /// <param name="isMeant">Which guests.</param>
    /// <param name="followed">The same for people.</param>
    /// <exception cref="XenException">The host does not let this program wait for domains.</exception>
    public void Follow(Predicate<XenDomain> isMeant, string followed)
    {
        _followed = followed;
        IHypervisor host = _host = XenHost.Current;
        XenHost.Turned += _events.Wake;
        _follower = new DomainFollower(host, domain => XenHost.IsCurrent(host) && isMeant(domain), Add, Tell);

        void Tell(FollowNews news)
        {
            _news.Enqueue(news);
            _events.Wake();
        }
    }

    /// <summary>Takes the next of what happened to guests that are followed.</summary>
    public bool TryTakeNews([NotNullWhen(true)] out FollowNews? news) => _news.TryDequeue(out news);

    /// <summary>Takes the next event if there is one, from each domain in turn.</summary>
    public bool TryTake([NotNullWhen(true)] out VmEvent? vmEvent, [NotNullWhen(true)] out MonitorSession? session)
    {
        if (_events.TryTake(out vmEvent, out session))
        {
            lookup?.Complete(vmEvent);
            return true;
        }

        if (_follower is not null) LetGo();
        return false;
    }

    /// <summary>
    /// Waits until there is an event or news, or no event will come any more, for at most this time, or until cancelled.
    /// </summary>
    public void Wait(TimeSpan timeout, CancellationToken cancellation) => _events.Wait(timeout, cancellation);

    /// <summary>Ends it, and the sessions that nobody else uses.</summary>
    /// <param name="hasAll">It has all events that it wanted, so it has missed nothing if a session has ended.</param>
    /// <param name="cancellation">Ends the wait for a domain that reboots.</param>
    /// <returns>What went wrong, and for which domain.</returns>
    public IReadOnlyList<(XenException Error, XenDomain Domain)> End(bool hasAll, CancellationToken cancellation)
    {
        StopFollowing();
        List<(XenException, XenDomain)> errors = [.. _errors];
        foreach ((MonitorSession session, EventSubscription subscription) in _events.Sessions)
        {
            bool wasStopped = session.End is { Reason: SessionEndReason.Stopped };
            subscription.Dispose();
            if (XenHost.Leave(session, this) is not { } end) continue;
            if (_follower is null)
            {
                // Of guests that are followed this was told when it happened.
                if (wasStopped && !hasAll) errors.Add((EndedByAnother(session.Domain), session.Domain));
                if (session.ExplainDomainEnd(cancellation) is { } ended) errors.Add((ended, session.Domain));
                if (end.Failure is { } failure) errors.Add((failure, session.Domain));
            }

            errors.AddRange(end.TeardownFailures.Select(e => (e, session.Domain)));
        }

        return errors;
    }

    /// <summary>
    /// Ends the watch, and the sessions that nobody else uses. For any thread, while another consumes it.
    /// </summary>
    public void Stop()
    {
        StopFollowing();
        foreach (GatheredSession one in _events.Sessions) one.Subscription.Dispose();
        foreach (GatheredSession one in _events.Sessions) XenHost.Leave(one.Session, this);
    }

    private void StopFollowing()
    {
        if (_follower is null) return;
        XenHost.Turned -= _events.Wake;
        _follower.Dispose();
    }

    /// <summary>Lets go of domains that have ended and whose events were all taken.</summary>
    private void LetGo()
    {
        foreach ((MonitorSession session, EventSubscription subscription) in _events.RemoveEnded())
        {
            _dropped += subscription.Dropped;
            _overwritten += subscription.Overwritten;
            subscription.Dispose();
            lookup?.Remove(session.Domain);
            if (XenHost.Leave(session, this) is { } end) _errors.AddRange(end.TeardownFailures.Select(e => (e, session.Domain)));
        }
    }

    private static XenException EndedByAnother(XenDomain domain) => new(
        XenErrorId.SessionEnded,
        $"The session of {domain} was ended during the watch, by Disable-XenMonitor, Connect-XenHost or Remove-Module.",
        "Watch it again, and end the session after its watches.");

    /// <summary>Ends it in any case; does nothing after <see cref="End"/>.</summary>
    public void Dispose()
    {
        Stop();
        _events.Dispose();
        lookup?.Dispose();
    }
}
