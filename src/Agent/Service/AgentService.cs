using System.Diagnostics;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Agent;

/// <summary>
/// Keeps policies on the guests that they are for, those that run and those that start later, and sends what they report to
/// outputs, until it is told to stop. No output ever keeps a guest waiting.
/// </summary>
public sealed class AgentService : IDisposable
{
    /// <summary>How often it looks after what no event brings about.</summary>
    private static readonly TimeSpan CatchUpPeriod = TimeSpan.FromSeconds(1);

    /// <summary>An answer comes this soon after its event, unless a guest waits for room.</summary>
    private static readonly TimeSpan SettlePeriod = TimeSpan.FromMilliseconds(10);

    private readonly IHypervisor _hypervisor;
    private readonly AgentLog _log;
    private readonly GatheredEvents _events = new();
    private readonly OutputSet _outputs;
    private readonly EventPublisher _publisher;
    private readonly Lock _gate = new();
    private readonly Dictionary<MonitorSession, KeptGuest> _guests = [];
    private AgentConfiguration _configuration;
    private DomainFollower? _follower;
    private long _caughtUp;

    /// <summary>Begins nothing yet: see <see cref="Run"/>.</summary>
    /// <param name="hypervisor">The host.</param>
    /// <param name="configuration">What to do.</param>
    /// <param name="log">Told what happens.</param>
    public AgentService(IHypervisor hypervisor, AgentConfiguration configuration, AgentLog log)
    {
        _hypervisor = hypervisor;
        _configuration = configuration;
        _log = log;
        _outputs = new OutputSet(log);
        _publisher = new EventPublisher(_outputs);
    }

    /// <summary>Does its work until the token is cancelled; then ends in order.</summary>
    /// <exception cref="XenException">The host does not let this program wait for domains.</exception>
    public void Run(CancellationToken stop)
    {
        _outputs.Replace(_configuration.Outputs, _configuration.Limits.EndTime);
        try
        {
            using DomainFollower follower = new(_hypervisor, IsMeant, Begin, _log.Say);
            lock (_gate) _follower = follower;
            while (!stop.IsCancellationRequested) Work(stop);
            lock (_gate) _follower = null;
        }
        finally
        {
            End();
        }
    }

    /// <summary>
    /// Does what another configuration says, from now on. No guest is detached, except those that no policy is for any
    /// more, and enforcement has no gap. From any thread, while it runs.
    /// </summary>
    /// <exception cref="XenException">A policy cannot be kept on a guest. Nothing has changed.</exception>
    public void Reload(AgentConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        lock (_gate)
        {
            KeptGuest[] guests = [.. _guests.Values.Where(guest => guest.Session.End is null)];
            (KeptGuest Guest, IReadOnlyList<PreparedPolicy> Wanted)[] wanted =
            [
                .. guests.Select(guest => (guest, PreparedPolicy.Prepare(configuration.PoliciesFor(guest.Session.Domain), _hypervisor, guest.Session.Domain, _log.Say))),
            ];
            Keep(wanted, configuration.Limits.Buffer);
            _configuration = configuration;
            foreach ((KeptGuest guest, _) in wanted.Where(one => one.Wanted.Count == 0)) guest.Session.Stop();
            _follower?.Reconsider();
        }

        _outputs.Replace(configuration.Outputs, configuration.Limits.EndTime);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _publisher.Dispose();
        _events.Dispose();
    }

    /// <summary>On all guests, or on none.</summary>
    private static void Keep((KeptGuest Guest, IReadOnlyList<PreparedPolicy> Wanted)[] wanted, int buffer)
    {
        Stack<(KeptGuest Guest, IReadOnlyList<PreparedPolicy> Before)> done = [];
        foreach ((KeptGuest guest, IReadOnlyList<PreparedPolicy> its) in wanted)
        {
            if (its.Count == 0) continue;
            IReadOnlyList<PreparedPolicy> before = guest.Policies;
            try
            {
                guest.Keep(its, buffer);
                done.Push((guest, before));
            }
            catch (XenException) when (guest.Session.End is not null)
            {
                // It has just ended, and asks for nothing any more.
            }
            catch (XenException)
            {
                foreach ((KeptGuest one, IReadOnlyList<PreparedPolicy> old) in done) one.Keep(old, buffer);
                throw;
            }
        }
    }

    private bool IsMeant(XenDomain domain)
    {
        lock (_gate) return _configuration.Policies.Any(one => one.Policy.AppliesTo(domain));
    }

    /// <summary>Called by the follower's thread.</summary>
    private MonitorSession Begin(XenDomain listed)
    {
        XenDomain domain = DomainFollower.AsArrived(listed);
        lock (_gate)
        {
            AgentLimits limits = _configuration.Limits;
            IReadOnlyList<PreparedPolicy> policies = PreparedPolicy.Prepare(_configuration.PoliciesFor(domain), _hypervisor, domain, _log.Say);
            MonitorSession session = MonitorSession.Start(_hypervisor, domain, new MonitorOptions
            {
                Channel = _configuration.Channel,
                ResponseTimeout = Shortest([limits.HoldTime, .. policies.Select(one => one.Loaded.Policy.Limits.HoldTime)]),
                Warn = _log.Say,
            });
            try
            {
                KeptGuest guest = new(session, _events);
                guest.Keep(policies, limits.Buffer);
                _guests.Add(session, guest);
                return session;
            }
            catch
            {
                session.Stop();
                throw;
            }
        }
    }

    private static TimeSpan Shortest(IEnumerable<TimeSpan?> times) => times.Min() ?? MonitorOptions.DefaultResponseTimeout;

    /// <summary>Publishes the events that are there, or waits for some.</summary>
    private void Work(CancellationToken stop)
    {
        if (_events.TryTake(out VmEvent? vmEvent, out _))
        {
            _publisher.Add(vmEvent);
            return;
        }

        _publisher.Settle();
        LookAfterSessions();
        _events.Wait(_publisher.HasUnsettled ? SettlePeriod : CatchUpPeriod, stop);
    }

    /// <summary>
    /// Lets go of sessions that have ended and whose events were all taken. While a session begins, or policies change, it
    /// does that later: events must not wait for that.
    /// </summary>
    private void LookAfterSessions()
    {
        _events.RemoveEnded();
        if (!_gate.TryEnter()) return;
        try
        {
            foreach (MonitorSession session in _guests.Keys.Where(session => session.End is not null).ToArray())
            {
                if (_events.Sessions.All(one => one.Session != session)) Conclude(_guests[session]);
            }

            if (Stopwatch.GetElapsedTime(_caughtUp) < CatchUpPeriod) return;
            _caughtUp = Stopwatch.GetTimestamp();
            _publisher.CatchUp(_guests.Keys);
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>Ends a session, whatever happened before, and tells what could not be given back.</summary>
    private void Conclude(KeptGuest guest)
    {
        _guests.Remove(guest.Session);
        SessionEnd end = guest.Session.Stop();
        guest.Release();
        foreach (XenException failure in end.TeardownFailures) _log.Say(failure);
        _publisher.Finish(guest.Session);
    }

    /// <summary>Ends the sessions, publishes what their guests did until then, and ends the outputs.</summary>
    private void End()
    {
        lock (_gate)
        {
            Parallel.ForEach(_guests.Keys, session => session.Stop());
            while (_events.TryTake(out VmEvent? vmEvent, out _)) _publisher.Add(vmEvent);
            foreach (KeptGuest guest in _guests.Values.ToArray()) Conclude(guest);
        }

        _outputs.Stop(_configuration.Limits.EndTime);
    }
}
