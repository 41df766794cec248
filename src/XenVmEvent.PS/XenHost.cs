using System.Collections.Concurrent;
using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Simulation;
using XenVmEvent.Hypervisor.Xen;
using XenVmEvent.Monitoring;
using XenVmEvent.Recovery;

namespace XenVmEvent.PS;

/// <summary>The host that the cmdlets work on, and the sessions open on it; one for the whole process.</summary>
internal static class XenHost
{
    private static readonly Lock Gate = new();
    private static readonly List<MonitorSession> OpenSessions = [];
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
                OpenSessions.RemoveAll(s => s.End is not null);
                return [.. OpenSessions];
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

    /// <summary>Turns to this host, or none until the next use, ending the sessions on the one before.</summary>
    public static void TurnTo(IHypervisor? next)
    {
        IHypervisor? before;
        MonitorSession[] sessions;
        lock (Gate)
        {
            before = _current;
            _current = next;
            sessions = [.. OpenSessions];
            OpenSessions.Clear();
        }

        foreach (MonitorSession session in sessions) session.Stop();
        before?.Dispose();
    }

    /// <summary>The running session of a domain; null when there is none.</summary>
    public static MonitorSession? FindSession(XenDomain domain) => Sessions.FirstOrDefault(s => s.Domain.Id == domain.Id);

    /// <summary>The running session of a domain.</summary>
    /// <exception cref="XenException">There is none.</exception>
    public static MonitorSession GetSession(XenDomain domain) => FindSession(domain) ?? throw new XenException(
        XenErrorId.SessionEnded,
        $"The domain {domain} is not monitored by this process.",
        "Get-XenMonitor lists the sessions that are open, and Enable-XenMonitor opens one.");

    /// <summary>What guards have to say, for the next cmdlet that can warn.</summary>
    public static ConcurrentQueue<string> Warnings { get; } = new();

    /// <summary>Starts a session.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="options">How it shall run.</param>
    /// <param name="guarded">A second process frees the guest if this one is killed; on a real host only.</param>
    /// <exception cref="XenException">The domain cannot be monitored.</exception>
    public static MonitorSession StartSession(XenDomain domain, MonitorOptions options, bool guarded = true)
    {
        // In one step: whoever turns to another host meanwhile ends this session too.
        lock (Gate)
        {
            if (FindSession(domain) is not null)
            {
                throw new XenException(
                    XenErrorId.MonitorBusy,
                    $"The domain {domain} is monitored by this process already.",
                    "Use the session that is there (Get-XenMonitor), or end it first (Disable-XenMonitor).");
            }

            MonitorSession session = MonitorSession.Start(guarded ? Guarded(Current) : Current, domain, options);
            OpenSessions.Add(session);
            EndingSignals.Watch();
            return session;
        }
    }

    private static IHypervisor Guarded(IHypervisor host)
    {
        // The simulator ends with this process, and nobody is left frozen.
        if (host is not XenHypervisor) return host;
        if (GuardProgram.Find() is { } program) return new GuardedHypervisor(host, program, Warnings.Enqueue);
        Warnings.Enqueue("The guest has no guard: xenvmevent is neither beside the module nor on the PATH. If this process is killed, the guest may stand still until Reset-XenMonitor.");
        return host;
    }
}
