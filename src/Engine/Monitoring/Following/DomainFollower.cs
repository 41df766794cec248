using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Follows guests: has a session begun on each that runs and on each that starts later, as after a reboot, a restore or
/// a migration to this host, until it is disposed. Each such start is a new domain. It ends no session: a session ends
/// with its domain, or is its owner's to end.
/// </summary>
public sealed class DomainFollower : IDisposable
{
    private readonly IHypervisor _hypervisor;
    private readonly Predicate<XenDomain> _isMeant;
    private readonly Func<XenDomain, MonitorSession> _begin;
    private readonly Action<FollowNews> _tell;
    private readonly StartWatch _starts;
    private readonly AutoResetEvent _wake = new(initialState: false);
    private readonly Dictionary<(uint Id, Guid Uuid), FollowedDomain> _followed = [];
    private readonly RetryTime _listing = new();
    private readonly Thread _thread;
    private int _disposed;
    private bool _isReconsidered;
    private bool _hasNews;
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Begins.</summary>
    /// <param name="hypervisor">The host.</param>
    /// <param name="isMeant">
    /// Which guests to follow. Guests that can never be monitored are left out before it is asked. Asked by two threads,
    /// and must not wait: a guest that starts is not kept back before it has answered.
    /// </param>
    /// <param name="begin">
    /// Begins to watch a guest, and returns its session. A guest that arrives by migration already has the name that it is
    /// about to get. What it throws is told; if the reason can pass, it is called again later. A guest that has not run yet
    /// is kept back meanwhile. Called by the follower's thread.
    /// </param>
    /// <param name="tell">Told what happens to guests. Called by the follower's thread.</param>
    /// <exception cref="XenException">The host does not let this program wait for domains.</exception>
    public DomainFollower(IHypervisor hypervisor, Predicate<XenDomain> isMeant, Func<XenDomain, MonitorSession> begin, Action<FollowNews> tell)
        : this(hypervisor, isMeant, begin, tell, StartWatch.LongestHold)
    {
    }

    internal DomainFollower(
        IHypervisor hypervisor, Predicate<XenDomain> isMeant, Func<XenDomain, MonitorSession> begin, Action<FollowNews> tell, TimeSpan longestHold)
    {
        ArgumentNullException.ThrowIfNull(hypervisor);
        ArgumentNullException.ThrowIfNull(isMeant);
        ArgumentNullException.ThrowIfNull(begin);
        ArgumentNullException.ThrowIfNull(tell);
        _hypervisor = hypervisor;
        _isMeant = isMeant;
        _begin = begin;
        _tell = tell;
        _starts = new StartWatch(hypervisor, IsFollowed, longestHold, NoticeNews);
        _thread = new Thread(Follow) { Name = "Domain follower", IsBackground = true };
        _thread.Start();
    }

    /// <summary>
    /// Asks again which guests are meant. Those that were left out are tried again, too. From any thread.
    /// </summary>
    public void Reconsider()
    {
        Volatile.Write(ref _isReconsidered, true);
        _wake.Set();
    }

    /// <summary>Begins no more sessions. Waits for one that is just being begun.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _stop.Cancel();
        _wake.Set();
        if (Thread.CurrentThread != _thread) _thread.Join();
        _starts.Dispose();
        _stop.Dispose();
    }

    private void Follow()
    {
        bool isNews = true;
        _wake.WaitOne(); // Those that have not run yet are kept back first.
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Look(isNews);
                _listing.Reset();
                _wake.WaitOne(UntilNextTry());
                isNews = Interlocked.Exchange(ref _hasNews, false);
            }
            catch (Exception e)
            {
                // Whatever it is, guests are still to be followed when it has passed.
                TellOfHost(XenException.From(e));
                _listing.Delay();
                isNews = true;
                _stop.Token.WaitHandle.WaitOne(_listing.Left);
            }
        }
    }

    private void NoticeNews()
    {
        Volatile.Write(ref _hasNews, true);
        _wake.Set();
    }

    private void TellOfHost(XenException error)
    {
        if (_listing.Told == error.Id) return;
        _listing.Told = error.Id;
        _tell(FollowNews.OfHost(error));
    }

    /// <summary>Notices what has become of the guests, and begins on those for which it is time.</summary>
    private void Look(bool isNews)
    {
        IReadOnlyList<XenDomain> domains = _hypervisor.GetDomains();
        foreach (FollowedDomain followed in _followed.Values) NoticeEnd(followed);
        if (Interlocked.Exchange(ref _isReconsidered, false))
        {
            foreach (FollowedDomain followed in _followed.Values) followed.TryAgain();
        }

        HashSet<(uint, Guid)> there = [.. domains.Select(d => (d.Id, d.Uuid))];
        _starts.Forget(there);
        foreach ((uint, Guid) gone in _followed.Keys.Where(key => !there.Contains(key)).ToArray())
        {
            if (_followed[gone].Session is null) _followed.Remove(gone);
        }

        foreach (XenDomain domain in domains.Where(IsFollowed).Select(AsArrived))
        {
            if (_stop.IsCancellationRequested) return;
            if (!_followed.TryGetValue((domain.Id, domain.Uuid), out FollowedDomain? followed)) _followed.Add((domain.Id, domain.Uuid), followed = new FollowedDomain());
            if (followed.IsDue || (isNews && followed.IsUnready)) Begin(followed, domain);
        }
    }

    /// <summary>The guest by the name that it has once it has arrived: a migrating guest has another until then.</summary>
    private static XenDomain AsArrived(XenDomain domain)
    {
        const string Arriving = "--incoming";
        return domain.Name.EndsWith(Arriving, StringComparison.Ordinal) ? domain.WithName(domain.Name[..^Arriving.Length]) : domain;
    }

    /// <summary>A guest must not run unwatched once it has arrived.</summary>
    private bool IsFollowed(XenDomain domain) => domain.Id != 0 && domain.Type != DomainType.PV && _isMeant(AsArrived(domain));

    private void Begin(FollowedDomain followed, XenDomain domain)
    {
        // One that has shut down may still be resumed, which nobody reports.
        followed.IsUnready = _hypervisor.StateOf(domain) is not (null or DomainState.Running or DomainState.Paused) || !_starts.IsComplete(domain);
        if (followed.IsUnready)
        {
            followed.Retry.Delay();
            return;
        }

        try
        {
            (MonitorSession session, bool hasNotRun) = _starts.WhileHeldBack(domain, () => _begin(domain));
            followed.Session = session;
            followed.Retry.Told = null;
            session.Ended += Wake;
            _tell(FollowNews.OfBegin(session, hasNotRun));
            if (session.End is not null) Wake();
        }
        catch (XenException e)
        {
            Refuse(followed, domain, e);
        }
    }

    /// <summary>Also called by sessions that end after this has.</summary>
    private void Wake() => _wake.Set();

    private void Refuse(FollowedDomain followed, XenDomain domain, XenException error)
    {
        followed.Retry.Delay();
        if (!IsThere(domain)) return; // It ended meanwhile, which may show in any error.
        followed.IsLeftOut = IsLasting(error.Id);
        if (followed.Retry.Told == error.Id) return;
        followed.Retry.Told = error.Id;
        _tell(FollowNews.OfRefusal(domain, error, isRetried: !followed.IsLeftOut));
    }

    private bool IsThere(XenDomain domain) => _hypervisor.StateOf(domain) switch
    {
        DomainState.Running or DomainState.Paused => true,
        null => _hypervisor.GetDomains().Any(d => (d.Id, d.Uuid) == (domain.Id, domain.Uuid)), // Not every host tells.
        _ => false,
    };

    private void NoticeEnd(FollowedDomain followed)
    {
        if (followed.Session is not { End: { } end } session) return;
        followed.Session = null;
        followed.IsLeftOut = end.Reason == SessionEndReason.Stopped; // Somebody wanted that.
        followed.Retry.Delay();
        _tell(FollowNews.OfEnd(session));
    }

    private TimeSpan UntilNextTry()
    {
        TimeSpan soonest = Timeout.InfiniteTimeSpan;
        foreach (FollowedDomain followed in _followed.Values)
        {
            if (followed.Session is not null || followed.IsLeftOut) continue;
            if (soonest == Timeout.InfiniteTimeSpan || followed.Retry.Left < soonest) soonest = followed.Retry.Left;
        }

        return soonest;
    }

    /// <summary>Whether an error stays as long as the domain does.</summary>
    private static bool IsLasting(XenErrorId id) => id is XenErrorId.NotSupported or XenErrorId.DomainNotSupported or XenErrorId.NotPermitted
        or XenErrorId.InvalidArgument or XenErrorId.InvalidVCpu or XenErrorId.ResponseNotApplicable or XenErrorId.HostCrashed;
}
