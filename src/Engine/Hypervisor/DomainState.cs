namespace XenVmEvent.Hypervisor;

/// <summary>
/// Whether a domain lives, or how it ended. Most ends are first a shutdown with a reason (Xen's public/sched.h,
/// SHUTDOWN_*): the domain is still there, without running, until the toolstack destroys it, starts it anew or lets it
/// go on. In the order of Xen's reasons.
/// </summary>
public enum DomainState
{
    /// <summary>It runs, or is paused, or waits.</summary>
    Running,

    /// <summary>It shut down.</summary>
    ShutDown,

    /// <summary>It shut down to start anew. The toolstack destroys it and makes another, with the same name and uuid and another id.</summary>
    Rebooted,

    /// <summary>It was suspended: it is being saved, or goes on on another host.</summary>
    Suspended,

    /// <summary>It crashed.</summary>
    Crashed,

    /// <summary>Its watchdog fired: it had not got on for too long.</summary>
    WatchdogFired,

    /// <summary>It is being reset in its place, to boot another kernel (kexec).</summary>
    SoftReset,

    /// <summary>It was destroyed while it ran.</summary>
    Destroyed,

    /// <summary>It is simulated, and the recording whose events it raised is at its end.</summary>
    Replayed,

    /// <summary>Told of a domain in a list: it runs, but for the moment somebody has paused it, as with xl pause.</summary>
    Paused,
}
