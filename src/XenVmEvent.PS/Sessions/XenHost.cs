using System.Collections.Concurrent;
using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Xen;
using XenVmEvent.Monitoring;
using XenVmEvent.Recovery;
using XenVmEvent.Simulation;

namespace XenVmEvent.PS;

/// <summary>The host that the cmdlets work on, and the sessions open on it; one for the whole process.</summary>
internal static class XenHost
{
    private static readonly Lock Gate = new();
    private static readonly List<SharedSession> OpenSessions = [];
    private static IHypervisor? _current;

    /// <summary>The host; the first use connects to Xen on this machine, which must be its dom0.</summary>
    /// <exception cref="XenException">There is no Xen here.</exception>
    public static IHypervisor Current
    {
        get
        {
            lock (Gate) return _current ??= XenHypervisor.Connect();
        }
    }

    /// <summary>Whether this is the host now.</summary>
    public static bool IsCurrent(IHypervisor? host)
    {
        lock (Gate) return host is not null && _current == host;
    }

    /// <summary>Raised after a switch to another host, or to none.</summary>
    public static event Action? Turned;

    /// <summary>
    /// The same, but a second process undoes what is done to its guests if this one is killed; on a real host only.
    /// </summary>
    /// <exception cref="XenException">There is no Xen here.</exception>
    public static IHypervisor CurrentGuarded => Guarded(Current);

    /// <summary>
    /// Connects to the host step by step, even if it is not available: before the first use it is the Xen of this
    /// machine.
    /// </summary>
    public static IHostProbe Probe
    {
        get
        {
            lock (Gate) return _current?.Probe ?? new XenHostProbe();
        }
    }

    /// <summary>The sessions that are running.</summary>
    public static IReadOnlyList<MonitorSession> Sessions
    {
        get
        {
            lock (Gate)
            {
                OpenSessions.RemoveAll(s => s.Session.End is not null);
                return [.. OpenSessions.Select(s => s.Session)];
            }
        }
    }

    /// <summary>Switches to another host, ending the sessions on the previous one.</summary>
    /// <param name="simulation">The host to simulate; null connects to Xen.</param>
    /// <exception cref="XenException">There is no Xen here; the previous host stays.</exception>
    public static IHypervisor Connect(SimulationOptions? simulation)
    {
        IHypervisor next = simulation is null ? XenHypervisor.Connect() : new SimulatedHypervisor(simulation);
        TurnTo(next);
        return next;
    }

    /// <summary>Ends all sessions and releases the host.</summary>
    public static void Disconnect() => TurnTo(null);

    /// <summary>
    /// Ends all sessions. A simulated host stays, because Import-Module -Force removes a module too; the next use
    /// connects to a real host again.
    /// </summary>
    public static void EndSessions()
    {
        IHypervisor? host;
        lock (Gate) host = _current as SimulatedHypervisor;
        TurnTo(host);
    }

    /// <summary>
    /// Switches to this host, or to none until the next use, ending the sessions on the previous one.
    /// </summary>
    public static void TurnTo(IHypervisor? next)
    {
        IHypervisor? before;
        SharedSession[] sessions;
        lock (Gate)
        {
            before = _current;
            _current = next;
            sessions = [.. OpenSessions];
            OpenSessions.Clear();
        }

        foreach (SharedSession one in sessions) one.Session.Stop();
        if (before == next) return;
        Turned?.Invoke();
        before?.Dispose();
    }

    /// <summary>The running session of a domain; null if there is none.</summary>
    public static MonitorSession? FindSession(XenDomain domain) => Sessions.FirstOrDefault(s => s.Domain.Id == domain.Id);

    /// <summary>The running session of a domain.</summary>
    /// <exception cref="XenException">There is no session.</exception>
    public static MonitorSession GetSession(XenDomain domain) => FindSession(domain) ?? throw new XenException(
        XenErrorId.SessionEnded,
        $"The domain {domain} is not monitored by this process.",
        "Get-XenMonitor lists the open sessions, and Enable-XenMonitor opens one.");

    /// <summary>Warnings from guards and sessions, for the next cmdlet that can write them.</summary>
    public static ConcurrentQueue<string> Warnings { get; } = new();

    /// <summary>Starts a session that stays until it is stopped.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="options">Its options.</param>
    /// <param name="guarded">A second process frees the guest if this one is killed; on a real host only.</param>
    /// <exception cref="XenException">The domain cannot be monitored.</exception>
    public static MonitorSession StartSession(XenDomain domain, MonitorOptions options, bool guarded = true) => Open(domain, open =>
    {
        if (open is not null)
        {
            throw new XenException(
                XenErrorId.MonitorBusy,
                $"The domain {domain} is already monitored by this process.",
                "Use the existing session (Get-XenMonitor), or end it first (Disable-XenMonitor).");
        }

        return Start(domain, options, guarded, stays: true);
    });

    /// <summary>
    /// The session of a domain, until <see cref="Leave"/>. If there is none, one is started, which ends with its last
    /// user.
    /// </summary>
    /// <param name="domain">The domain.</param>
    /// <param name="user">Who uses it.</param>
    /// <param name="options">The options if it has to be started.</param>
    /// <param name="guarded">
    /// If it has to be started: a second process frees the guest if this one is killed; on a real host only.
    /// </param>
    /// <exception cref="XenException">The domain cannot be monitored.</exception>
    public static MonitorSession Join(XenDomain domain, object user, MonitorOptions options, bool guarded = true) => Open(domain, open =>
    {
        open ??= Start(domain, options, guarded, stays: false);
        open.Users.Add(user);
        return open;
    });

    /// <summary>A user does not need a session any more. Does nothing the second time.</summary>
    /// <returns>How it ended; null if it goes on.</returns>
    public static SessionEnd? Leave(MonitorSession session, object user)
    {
        bool isUnused;
        lock (Gate)
        {
            SharedSession? open = OpenSessions.Find(s => s.Session == session);
            open?.Users.Remove(user);
            isUnused = open is { IsUnused: true };
        }

        return isUnused ? session.Stop() : session.End;
    }

    private static MonitorSession Open(XenDomain domain, Func<SharedSession?, SharedSession> choose)
    {
        while (true)
        {
            MonitorSession ending;

            // In one step: whoever switches to another host meanwhile ends this session too.
            lock (Gate)
            {
                SharedSession? open = OpenSessions.Find(s => s.Session.Domain.Id == domain.Id && s.Session.End is null);
                if (open is not { IsUnused: true }) return choose(open).Session;
                ending = open.Session;
            }

            ending.Stop();
        }
    }

    private static SharedSession Start(XenDomain domain, MonitorOptions options, bool guarded, bool stays)
    {
        Rehearsal.EnsureDone();
        SharedSession open = new(MonitorSession.Start(guarded ? Guarded(Current) : Current, domain, options with { Warn = Warnings.Enqueue }), stays);
        OpenSessions.Add(open);
        EndingSignals.Watch();
        return open;
    }

    private static IHypervisor Guarded(IHypervisor host)
    {
        // The simulator ends with this process, so nothing stays frozen.
        if (host is not XenHypervisor) return host;
        if (GuardProgram.Find() is { } program) return new GuardedHypervisor(host, program, Warnings.Enqueue);
        Warnings.Enqueue("The guest has no guard: xenvmevent is neither in the module's folder nor on the PATH. If this process is killed, the guest may stay frozen until Reset-XenMonitor.");
        return host;
    }
}

/// <summary>
/// A running session and its users. One that was opened for its users ends with the last of them. Guarded by
/// <see cref="XenHost"/>.
/// </summary>
/// <param name="session">The session.</param>
/// <param name="stays">It stays until Disable-XenMonitor, even without users.</param>
internal sealed class SharedSession(MonitorSession session, bool stays)
{
    /// <summary>The session.</summary>
    public MonitorSession Session { get; } = session;

    /// <summary>Its users, each once.</summary>
    public HashSet<object> Users { get; } = [];

    /// <summary>Nobody needs it any more: it is ending, or about to end.</summary>
    public bool IsUnused => !stays && Users.Count == 0;
}
