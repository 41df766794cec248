using System.Diagnostics;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Waits for news of domains, and at once keeps back those that are followed and have not run yet. So each can be watched
/// from its first instruction, although its toolstack lets it run meanwhile. None is kept back for longer than a time, and
/// none twice.
/// </summary>
internal sealed class StartWatch : IDisposable
{
    /// <summary>The longest time for which a guest is kept back: more than it takes to begin on several at a time.</summary>
    public static readonly TimeSpan LongestHold = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan ListingPause = TimeSpan.FromMilliseconds(500);

    private readonly Predicate<XenDomain> _isFollowed;
    private readonly TimeSpan _longestHold;
    private readonly Action _onNews;
    private readonly IDomainListWatch _watch;
    private readonly Lock _gate = new();
    private readonly Dictionary<(uint Id, Guid Uuid), Start> _starts = [];
    private readonly Thread _thread;
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Begins.</summary>
    /// <param name="hypervisor">The host.</param>
    /// <param name="isFollowed">Whether a guest is followed. Called by any thread.</param>
    /// <param name="longestHold">The longest time for which a guest is kept back.</param>
    /// <param name="onNews">
    /// Called when there may be news, once those that start are kept back. The first time at once.
    /// </param>
    /// <exception cref="XenException">The host does not let this program wait for domains.</exception>
    public StartWatch(IHypervisor hypervisor, Predicate<XenDomain> isFollowed, TimeSpan longestHold, Action onNews)
    {
        _isFollowed = isFollowed;
        _longestHold = longestHold;
        _onNews = onNews;
        _watch = hypervisor.WatchDomains();
        _thread = new Thread(Watch) { Name = "Domain starts", IsBackground = true };
        _thread.Start();
    }

    /// <inheritdoc cref="IDomainListWatch.IsComplete"/>
    public bool IsComplete(XenDomain domain) => _watch.IsComplete(domain);

    /// <summary>Does something to a guest. If it has not run yet, it does not before that is done.</summary>
    /// <returns>The action's result, and whether the guest had not run until then.</returns>
    public (T Result, bool HasNotRun) WhileHeldBack<T>(XenDomain domain, Func<T> action)
    {
        HoldBack(domain);
        bool hasNotRun;
        T result;
        try
        {
            result = action();
        }
        finally
        {
            hasNotRun = LetGo(domain);
        }

        return (result, hasNotRun);
    }

    /// <summary>Forgets domains that are gone.</summary>
    /// <param name="there">Those that were there just now, perhaps before the latest were made.</param>
    public void Forget(IReadOnlySet<(uint, Guid)> there)
    {
        lock (_gate)
        {
            foreach ((uint, Guid) gone in _starts.Where(one => !there.Contains(one.Key) && one.Value.Left <= TimeSpan.Zero).Select(one => one.Key).ToArray())
            {
                _starts[gone].LetGo();
                _starts.Remove(gone);
            }
        }
    }

    /// <summary>Ends, and lets go of those that are kept back.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _watch.Wake();
        _thread.Join();
        lock (_gate)
        {
            foreach (Start start in _starts.Values) start.LetGo();
        }

        _watch.Dispose();
        _stop.Dispose();
    }

    private void Watch()
    {
        bool isNews = true;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (isNews) Look();
                isNews = _watch.Wait(LetGoOfOverdue());
            }
            catch (Exception)
            {
                // The follower lists all domains, and tells why they cannot be listed.
                _onNews();
                _stop.Token.WaitHandle.WaitOne(ListingPause);
                isNews = true;
            }
        }
    }

    private void Look()
    {
        foreach (XenDomain domain in _watch.FindNew())
        {
            if (!IsKnown(domain) && _isFollowed(domain) && _watch.IsComplete(domain)) HoldBack(domain);
        }

        _onNews();
    }

    private bool IsKnown(XenDomain domain)
    {
        lock (_gate) return _starts.ContainsKey((domain.Id, domain.Uuid));
    }

    private void HoldBack(XenDomain domain)
    {
        lock (_gate)
        {
            if (_stop.IsCancellationRequested || _starts.ContainsKey((domain.Id, domain.Uuid))) return;
            _starts.Add((domain.Id, domain.Uuid), new Start(_watch.HoldBack(domain), _longestHold));
        }
    }

    /// <returns>Whether it was kept back until now.</returns>
    private bool LetGo(XenDomain domain)
    {
        lock (_gate) return _starts.TryGetValue((domain.Id, domain.Uuid), out Start? start) && start.LetGo();
    }

    /// <returns>When the next of them is overdue.</returns>
    private TimeSpan LetGoOfOverdue()
    {
        TimeSpan soonest = Timeout.InfiniteTimeSpan;
        lock (_gate)
        {
            foreach (Start start in _starts.Values.Where(one => one.IsHeldBack))
            {
                if (start.Left <= TimeSpan.Zero) start.LetGo();
                else if (soonest == Timeout.InfiniteTimeSpan || start.Left < soonest) soonest = start.Left;
            }
        }

        return soonest;
    }

    /// <summary>The start of a domain that is followed. Used under the lock.</summary>
    /// <param name="hold">What keeps it back; null: it runs already.</param>
    /// <param name="longest">The longest time for that.</param>
    private sealed class Start(IDisposable? hold, TimeSpan longest)
    {
        private readonly long _since = Stopwatch.GetTimestamp();
        private IDisposable? _hold = hold;

        /// <summary>Whether it is kept back.</summary>
        public bool IsHeldBack => _hold is not null;

        /// <summary>How much longer it may be kept back.</summary>
        public TimeSpan Left => longest - Stopwatch.GetElapsedTime(_since);

        /// <summary>It may run from now on.</summary>
        /// <returns>Whether it was kept back until now.</returns>
        public bool LetGo()
        {
            if (_hold is null) return false;
            _hold.Dispose();
            _hold = null;
            return true;
        }
    }
}
