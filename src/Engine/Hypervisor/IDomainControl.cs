namespace XenVmEvent.Hypervisor;

/// <summary>
/// What can be asked of a domain's monitor, and done to it, without being its listener. Used by one thread. Every call
/// throws <see cref="XenException"/> when Xen refuses.
/// </summary>
public interface IDomainControl : IDomainSettings, IDisposable
{
    /// <summary>Whether the monitor is enabled, its listener alive or not; null where this host does not tell.</summary>
    bool? IsMonitored { get; }

    /// <summary>The processes, by name and id, that may be a listener of this or another domain; none for certain.</summary>
    IReadOnlyList<string> ListenerSuspects { get; }

    /// <summary>Whether the access to the domain's pages can be restricted; null where this host does not tell.</summary>
    bool? CanRestrictPages { get; }

    /// <summary>Whether the domain has altp2m views at this moment.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.NotSupported"/>: it cannot have any, and why.
    /// </exception>
    bool HasViews { get; }

    /// <summary>How a vCPU stands at this moment.</summary>
    VCpuState GetVCpuState(uint vcpu);

    /// <summary>Does something while no vCPU runs. They run on afterwards, whatever comes of it.</summary>
    void WhilePaused(Action action);

    /// <summary>
    /// Undoes what processes that were killed in the midst of it have left: their pauses of the domain, and no other's, and
    /// processes that they had stopped.
    /// </summary>
    /// <returns>How many pauses there were; 0 where they end with their process anyway.</returns>
    int UndoAbandoned() => 0;

    /// <summary>
    /// Disables the monitor, whoever enabled it; the processes that may be its listener are stopped for as long as that
    /// takes, for a notification at the same time can deadlock the host. With the ring, vCPUs whose event was not
    /// answered stay paused.
    /// </summary>
    /// <returns>False when it was not enabled.</returns>
    bool DisableMonitor();
}
