using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Recovery;

namespace XenVmEvent.Agent;

/// <summary>
/// Keeps policies on the guests that they are for, those that run and those that start later, and sends what they report to
/// outputs, until it is told to stop. No output ever keeps a guest waiting.
/// </summary>
public sealed class AgentService : IDisposable
{
    /// <summary>How often it looks after what no event brings about.</summary>
    private static readonly TimeSpan CatchUpPeriod = TimeSpan.FromSeconds(1);

    /// <summary>An answer comes this soon after its event.</summary>
    private static readonly TimeSpan SettlePeriod = TimeSpan.FromMilliseconds(10);

    private readonly IHypervisor _hypervisor;
    private readonly ServiceManager _manager;
    private readonly GatheredEvents _events = new();
    private readonly AgentIdentity _identity = new();
    private readonly KeptGuests _guests;
    private readonly OutputSet _outputs;
    private readonly EventPublisher _publisher;
    private readonly AgentPorts _ports;
    private readonly Lock _reloading = new();
    private readonly Lock _counting = new();
    private readonly AgentTotals _totals;
    private readonly DateTimeOffset _started = DateTimeOffset.Now;
    private volatile FollowedConfiguration _followed;
    private volatile bool _isReloadRefused;
    private volatile bool _isEnding;
    private long _rounds;
    private long _caughtUp;

    /// <summary>Begins nothing yet: see <see cref="Run"/>.</summary>
    /// <param name="hypervisor">The host.</param>
    /// <param name="configuration">What to do.</param>
    /// <param name="log">Told what happens.</param>
    /// <param name="manager">Told how the service is.</param>
    public AgentService(IHypervisor hypervisor, AgentConfiguration configuration, AgentLog log, ServiceManager manager)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        _hypervisor = hypervisor;
        Follow(configuration, _started);
        _manager = manager;
        _totals = new AgentTotals(configuration.Metrics.Domains);
        _guests = new KeptGuests(hypervisor, _events, log, configuration);
        _outputs = new OutputSet(log, _identity);
        _publisher = new EventPublisher(_outputs);
        _ports = new AgentPorts(GetStatus, log);
    }

    /// <summary>Does its work until the token is cancelled; then ends in order.</summary>
    /// <exception cref="XenException">
    /// A socket cannot be opened, or the host does not let this program wait for domains. No guest was touched.
    /// </exception>
    public void Run(CancellationToken stop)
    {
        lock (_reloading)
        {
            AgentConfiguration configuration = _followed.Configuration;
            _ports.Open(configuration);
            _outputs.Replace(configuration.Outputs, configuration.Limits.EndTime);
        }

        using Watchdog watchdog = new(_manager, AwaitProgress);
        try
        {
            using (_guests.Follow())
            {
                _manager.TellReady("works");
                while (!stop.IsCancellationRequested) Work(stop);
                _isEnding = true;
                _manager.TellStopping();
                Settle();
            }
        }
        finally
        {
            _isEnding = true;
            lock (_reloading)
            {
                _guests.End(_publisher.Add, Conclude);
                _outputs.Stop(_followed.Configuration.Limits.EndTime);
            }
        }
    }

    /// <summary>
    /// Does what another configuration says, from now on. No guest is detached, except those that no policy is for any
    /// more, and enforcement has no gap. From any thread; once it ends, nothing changes any more.
    /// </summary>
    /// <param name="read">Reads the configuration.</param>
    /// <exception cref="XenException">
    /// It is wrong, a policy cannot be kept on a guest, or a socket cannot be opened. Nothing has changed.
    /// </exception>
    public AgentConfiguration Reload(Func<AgentConfiguration> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        lock (_reloading)
        {
            if (_isEnding) return _followed.Configuration;
            _manager.TellReloading();
            try
            {
                AgentConfiguration configuration = read();
                Exchange(configuration);
                _isReloadRefused = false;
                _manager.TellReady("works");
                return configuration;
            }
            catch (XenException)
            {
                _isReloadRefused = true;
                _manager.TellReady("works; the newest configuration was refused");
                throw;
            }
        }
    }

    /// <summary>What it does at this moment. From any thread.</summary>
    public AgentStatus GetStatus()
    {
        (AgentConfiguration configuration, DateTimeOffset since) = _followed;
        (KeptGuest Guest, MonitorStatistics Statistics)[] guests;
        AgentTotals totals;
        lock (_counting)
        {
            guests = [.. _guests.All.Select(guest => (guest, guest.Session.GetStatistics()))];
            totals = new AgentTotals(_totals);
        }

        foreach ((KeptGuest guest, MonitorStatistics statistics) in guests) totals.Add(guest.Session.Domain, statistics);
        return new AgentStatus
        {
            Version = _identity.Version,
            Host = _hypervisor.Description,
            ProcessId = Environment.ProcessId,
            Started = _started,
            Configured = since,
            IsReloadRefused = _isReloadRefused,
            GuardRestarts = (_hypervisor as GuardedHypervisor)?.GuardRestarts ?? 0,
            PolicyHash = configuration.PolicyHash,
            Policies = [.. configuration.Policies.Select(one => new PolicyInfo { Name = one.Policy.Name, Path = one.Path, Sha256 = one.Sha256, Mode = one.Policy.Mode, Domains = one.Policy.Domains })],
            Guests = [.. guests.Select(one => one.Guest.GetStatus(one.Statistics)).OrderBy(one => one.DomainId)],
            Outputs = _outputs.GetStatus(),
            Totals = totals,
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ports.Dispose();
        _publisher.Dispose();
        _events.Dispose();
    }

    private void Exchange(AgentConfiguration configuration)
    {
        _ports.Open(configuration);
        try
        {
            _guests.Keep(configuration);
        }
        catch
        {
            _ports.CloseOthers(_followed.Configuration);
            throw;
        }

        Follow(configuration, DateTimeOffset.Now);
        _ports.CloseOthers(configuration);
        _outputs.Replace(configuration.Outputs, configuration.Limits.EndTime);
    }

    /// <summary>
    /// Has the outputs take what waits while policies are still kept. So one that is slow or fails does not put off the next
    /// agent, for which the guests, once let go, wait.
    /// </summary>
    private void Settle()
    {
        using CancellationTokenSource settled = new();
        Thread thread = new(() =>
        {
            _outputs.Settle(_followed.Configuration.Limits.EndTime);
            settled.Cancel();
        });
        thread.Start();
        while (!settled.IsCancellationRequested) Work(settled.Token);
        thread.Join();
    }

    [MemberNotNull(nameof(_followed))]
    private void Follow(AgentConfiguration configuration, DateTimeOffset since)
    {
        _followed = new FollowedConfiguration(configuration, since);
        _identity.PolicyHash = configuration.PolicyHash;
    }

    /// <summary>Publishes an event, or waits for some.</summary>
    private void Work(CancellationToken stop)
    {
        Volatile.Write(ref _rounds, _rounds + 1);
        if (_events.TryTake(out VmEvent? vmEvent, out _))
        {
            _publisher.Add(vmEvent);
            return;
        }

        _publisher.Settle();
        _guests.LetGo(Conclude);
        if (Stopwatch.GetElapsedTime(_caughtUp) >= CatchUpPeriod)
        {
            _caughtUp = Stopwatch.GetTimestamp();
            _publisher.CatchUp(_guests.All.Select(guest => guest.Session));
        }

        _events.Wait(_publisher.HasUnsettled ? SettlePeriod : CatchUpPeriod, stop);
    }

    /// <summary>Counts what an ended session has done. From then on it is not among the guests.</summary>
    private void Conclude(KeptGuest guest)
    {
        _publisher.Finish(guest.Session);
        lock (_counting)
        {
            _totals.Add(guest.Session.Domain, guest.Session.GetStatistics());
            _totals.Add(guest.Session.End!.Reason);
            _guests.Remove(guest);
        }
    }

    /// <summary>Returns when the thread of events and those of all sessions have got on. Called by the watchdog.</summary>
    private void AwaitProgress()
    {
        long rounds = Volatile.Read(ref _rounds);
        _events.Wake();
        while (Volatile.Read(ref _rounds) == rounds && !_isEnding) Thread.Sleep(SettlePeriod);
        foreach (KeptGuest guest in _guests.All) guest.Session.GetStatistics(); // The session's own thread answers that.
    }

    /// <summary>A configuration, and since when it is followed.</summary>
    private sealed record FollowedConfiguration(AgentConfiguration Configuration, DateTimeOffset Since);
}
