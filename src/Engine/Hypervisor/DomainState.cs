namespace XenVmEvent.Hypervisor;

/// <summary>
/// Whether a domain lives, or how it ended. Most ends begin as a shutdown with a reason (Xen's public/sched.h,
/// SHUTDOWN_*). The domain then still exists, without running, until the toolstack destroys it, restarts it or resumes
/// it. In the order of Xen's reasons.
/// </summary>
public enum DomainState
{
    /// <summary>It runs, is paused, or is blocked.</summary>
    Running,

    /// <summary>It shut down.</summary>
    ShutDown,

    /// <summary>
    /// It shut down to restart. The toolstack destroys it and makes another domain with the same name and uuid and
    /// another id.
    /// </summary>
    Rebooted,

    /// <summary>It was suspended to be saved or migrated.</summary>
    Suspended,

    /// <summary>It crashed.</summary>
    Crashed,

    /// <summary>Its watchdog fired: it had made no progress for too long.</summary>
    WatchdogFired,

    /// <summary>It is being reset in place to boot another kernel (kexec).</summary>
    SoftReset,

    /// <summary>It was destroyed while it ran.</summary>
    Destroyed,

    /// <summary>It is simulated, and has raised all events of its recording.</summary>
    Replayed,

    /// <summary>Only in a list of domains: it runs, but somebody has paused it, as with xl pause.</summary>
    Paused,
}
