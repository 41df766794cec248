using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Simulation;
using XenVmEvent.Hypervisor.Xen;
using XenVmEvent.Monitoring;

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

    /// <summary>Starts a session.</summary>
    /// <exception cref="XenException">The domain cannot be monitored.</exception>
    public static MonitorSession StartSession(XenDomain domain, MonitorOptions options)
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

            MonitorSession session = MonitorSession.Start(Current, domain, options);
            OpenSessions.Add(session);
            return session;
        }
    }
}
