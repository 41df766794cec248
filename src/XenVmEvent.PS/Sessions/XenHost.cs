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

    /// <summary>The host; the first use connects to the Xen that this is dom0 of.</summary>
    /// <exception cref="XenException">There is no Xen here.</exception>
    public static IHypervisor Current
    {
        get
        {
            lock (Gate) return _current ??= XenHypervisor.Connect();
        }
    }

    /// <summary>The same, with what is done to its guests ended by a second process if this one is killed; on a real host only.</summary>
    /// <exception cref="XenException">There is no Xen here.</exception>
    public static IHypervisor CurrentGuarded => Guarded(Current);

    /// <summary>The way to the host, which need not be there: before the first use that is the Xen of this machine.</summary>
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

    /// <summary>Turns to another host, ending the sessions on the one before.</summary>
    /// <param name="simulation">The host to simulate; null connects to Xen.</param>
    /// <exception cref="XenException">There is no Xen here; the host stays the one before.</exception>
    public static IHypervisor Connect(SimulationOptions? simulation)
    {
        IHypervisor next = simulation is null ? XenHypervisor.Connect() : new SimulatedHypervisor(simulation);
        TurnTo(next);
        return next;
    }

    /// <summary>Ends all sessions and lets go of the host.</summary>
    public static void Disconnect() => TurnTo(null);

    /// <summary>
    /// Ends all sessions. A simulated host that was chosen stays, for Import-Module -Force removes a module too; a real one
    /// is connected to again by the next use.
    /// </summary>
    public static void EndSessions()
    {
        IHypervisor? host;
        lock (Gate) host = _current as SimulatedHypervisor;
        TurnTo(host);
    }

    /// <summary>Turns to this host, or none until the next use, ending the sessions on the one before.</summary>
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
        if (before != next) before?.Dispose();
    }

    /// <summary>The running session of a domain; null when there is none.</summary>
    public static MonitorSession? FindSession(XenDomain domain) => Sessions.FirstOrDefault(s => s.Domain.Id == domain.Id);

    /// <summary>The running session of a domain.</summary>
    /// <exception cref="XenException">There is none.</exception>
    public static MonitorSession GetSession(XenDomain domain) => FindSession(domain) ?? throw new XenException(
        XenErrorId.SessionEnded,
        $"The domain {domain} is not monitored by this process.",
        "Get-XenMonitor lists the open sessions, and Enable-XenMonitor opens one.");

    /// <summary>What guards and sessions have to say, for the next cmdlet that can warn.</summary>
    public static ConcurrentQueue<string> Warnings { get; } = new();

    /// <summary>Starts a session that stays until it is stopped.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="options">How it shall run.</param>
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

    /// <summary>The session of a domain, until <see cref="Leave"/>; where there is none it is started, and ends with the last who uses it.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="user">Who uses it.</param>
    /// <param name="options">How it shall run if it is not there.</param>
    /// <param name="guarded">Then: a second process frees the guest if this one is killed; on a real host only.</param>
    /// <exception cref="XenException">The domain cannot be monitored.</exception>
    public static MonitorSession Join(XenDomain domain, object user, MonitorOptions options, bool guarded = true) => Open(domain, open =>
    {
        open ??= Start(domain, options, guarded, stays: false);
        open.Users.Add(user);
        return open;
    });

    /// <summary>Somebody does not use a session any more. Does nothing the second time.</summary>
    /// <returns>How it ended; null when it runs on.</returns>
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

            // In one step: whoever turns to another host meanwhile ends this session too.
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
        // The simulator ends with this process, and nobody is left frozen.
        if (host is not XenHypervisor) return host;
        if (GuardProgram.Find() is { } program) return new GuardedHypervisor(host, program, Warnings.Enqueue);
        Warnings.Enqueue("The guest has no guard: xenvmevent is neither in the module's folder nor on the PATH. If this process is killed, the guest may stay frozen until Reset-XenMonitor.");
        return host;
    }
}

/// <summary>A running session and who uses it. One that was opened for its users ends with the last of them. Guarded by <see cref="XenHost"/>.</summary>
/// <param name="session">The session.</param>
/// <param name="stays">It stays until Disable-XenMonitor, also when nobody uses it.</param>
internal sealed class SharedSession(MonitorSession session, bool stays)
{
    /// <summary>The session.</summary>
    public MonitorSession Session { get; } = session;

    /// <summary>Who uses it, each once.</summary>
    public HashSet<object> Users { get; } = [];

    /// <summary>Nobody needs it any more: it is being ended, or about to be.</summary>
    public bool IsUnused => !stays && Users.Count == 0;
}
