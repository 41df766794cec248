namespace XenVmEvent.Hypervisor;

/// <summary>
/// What can be asked of a domain's monitor, and done to it, without being its listener. Used by one thread. Every call
/// throws <see cref="XenException"/> when Xen refuses.
/// </summary>
public interface IDomainControl : IDomainSettings, IDisposable
{
    /// <summary>
    /// Whether the monitor is enabled, whether or not its listener is alive; null if this host does not tell.
    /// </summary>
    bool? IsMonitored { get; }

    /// <summary>
    /// The processes, by name and id, that may be a listener of this or another domain; none of them for certain.
    /// </summary>
    IReadOnlyList<string> ListenerSuspects { get; }

    /// <summary>Whether access to the domain's pages can be restricted; null if this host does not tell.</summary>
    bool? CanRestrictPages { get; }

    /// <summary>Whether the domain has altp2m views now.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.NotSupported"/>: it cannot have any, and why.
    /// </exception>
    bool HasViews { get; }

    /// <summary>The state of a vCPU now.</summary>
    VCpuState GetVCpuState(uint vcpu);

    /// <summary>Runs an action while no vCPU runs. They run on afterwards, whatever the action does.</summary>
    void WhilePaused(Action action);

    /// <summary>
    /// Undoes what processes left behind when they were killed: their own pauses of the domain, and processes that they
    /// had stopped.
    /// </summary>
    /// <returns>How many pauses there were; 0 if pauses end with their process anyway.</returns>
    int UndoAbandoned() => 0;

    /// <summary>The breakpoints that processes, living or not, have noted and not taken away.</summary>
    IReadOnlyList<IBreakpointNote> FindBreakpoints();

    /// <summary>
    /// Disables the monitor, whoever enabled it. The processes that may be its listener are stopped meanwhile, because
    /// a notification at the same time can deadlock the host. On the ring, vCPUs whose event was not answered stay
    /// paused.
    /// </summary>
    /// <returns>False when it was not enabled.</returns>
    bool DisableMonitor();
}
