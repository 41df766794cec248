using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Agent;

/// <summary>
/// The guests on which an agent keeps its policies, those that run and those that start later. The thread that consumes
/// their events never waits for a guest that is just being attached, nor for policies that change.
/// </summary>
/// <param name="hypervisor">The host.</param>
/// <param name="events">Where the events go that the policies report.</param>
/// <param name="log">Told what happens to guests.</param>
/// <param name="configuration">The policies, and how to keep them.</param>
internal sealed class KeptGuests(IHypervisor hypervisor, GatheredEvents events, AgentLog log, AgentConfiguration configuration)
{
    private readonly Lock _gate = new();
    private volatile KeptGuest[] _all = [];
    private volatile AgentConfiguration _configuration = configuration;
    private DomainFollower? _follower;

    /// <summary>All of them. From any thread.</summary>
    public IReadOnlyList<KeptGuest> All => _all;

    /// <summary>Begins to follow guests.</summary>
    /// <returns>Ends that, but no session.</returns>
    /// <exception cref="XenException">The host does not let this program wait for domains.</exception>
    public IDisposable Follow()
    {
        DomainFollower follower = new(hypervisor, IsMeant, Begin, log.Say);
        lock (_gate) _follower = follower;
        return follower;
    }

    /// <summary>Keeps another configuration's policies from now on.</summary>
    /// <exception cref="XenException">One of them cannot be kept on a guest. Nothing has changed.</exception>
    public void Keep(AgentConfiguration configuration)
    {
        lock (_gate)
        {
            KeptGuest[] guests = [.. _all.Where(guest => guest.Session.End is null)];
            (KeptGuest Guest, IReadOnlyList<PreparedPolicy> Wanted)[] wanted = [.. guests.Select(guest => (guest, Prepare(configuration, guest.Session.Domain)))];
            Keep(wanted, configuration.Limits.Buffer);
            _configuration = configuration;
            foreach ((KeptGuest guest, _) in wanted.Where(one => one.Wanted.Count == 0)) guest.Session.Stop();
            _follower?.Reconsider();
        }
    }

    /// <summary>Lets go of sessions that have ended and whose events were all taken. The events' consumer calls it.</summary>
    /// <param name="conclude">Called for each, to remove it.</param>
    public void LetGo(Action<KeptGuest> conclude)
    {
        events.RemoveEnded();
        if (Array.TrueForAll(_all, guest => guest.Session.End is null) || !_gate.TryEnter()) return;
        try
        {
            foreach (KeptGuest ended in _all.Where(guest => guest.Session.End is not null && events.Sessions.All(one => one.Session != guest.Session)).ToArray())
                Conclude(ended, conclude);
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>Ends all sessions. The guests are given back at the same time.</summary>
    /// <param name="publish">Called for each event that is left.</param>
    /// <param name="conclude">Called for each guest, to remove it.</param>
    public void End(Action<VmEvent> publish, Action<KeptGuest> conclude)
    {
        lock (_gate)
        {
            Parallel.ForEach(_all, guest => guest.Session.Stop());
            while (events.TryTake(out VmEvent? vmEvent, out _)) publish(vmEvent);
            foreach (KeptGuest guest in _all) Conclude(guest, conclude);
        }
    }

    /// <summary>Removes a guest that is concluded.</summary>
    public void Remove(KeptGuest guest) => _all = [.. _all.Where(one => one != guest)];

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

    private static TimeSpan Shortest(IEnumerable<TimeSpan?> times) => times.Min() ?? MonitorOptions.DefaultResponseTimeout;

    private IReadOnlyList<PreparedPolicy> Prepare(AgentConfiguration configuration, XenDomain domain) =>
        PreparedPolicy.Prepare(configuration.PoliciesFor(domain), hypervisor, domain, log.Say);

    /// <summary>Without the lock: while one guest is being attached, another that starts must be kept back.</summary>
    private bool IsMeant(XenDomain domain) => _configuration.Policies.Any(one => one.Policy.AppliesTo(domain));

    /// <summary>Called by the follower's thread.</summary>
    private MonitorSession Begin(XenDomain domain)
    {
        lock (_gate)
        {
            IReadOnlyList<PreparedPolicy> policies = Prepare(_configuration, domain);
            MonitorSession session = MonitorSession.Start(hypervisor, domain, new MonitorOptions
            {
                Channel = _configuration.Channel,
                ResponseTimeout = Shortest([_configuration.Limits.HoldTime, .. policies.Select(one => one.Loaded.Policy.Limits.HoldTime)]),
                Warn = log.Say,
            });
            try
            {
                KeptGuest guest = new(session, events);
                guest.Keep(policies, _configuration.Limits.Buffer);
                _all = [.. _all, guest];
                return session;
            }
            catch
            {
                session.Stop();
                throw;
            }
        }
    }

    /// <summary>Ends a session, whatever happened before, and tells what could not be given back.</summary>
    private void Conclude(KeptGuest guest, Action<KeptGuest> conclude)
    {
        SessionEnd end = guest.Session.Stop();
        guest.Release();
        foreach (XenException failure in end.TeardownFailures) log.Say(failure);
        conclude(guest);
    }
}
