using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Recovery;

/// <summary>
/// Frees a guest that a listener has left behind: its vCPUs run again, its pages are as they were without anybody who
/// watches, all views but the host's own are gone, its monitor is disabled. It cuts off a listener that is alive.
/// </summary>
public static class MonitorReset
{
    /// <summary>How long vCPUs are looked at before one is called frozen, and how long they may take to run on.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    /// <summary>Frees the guest.</summary>
    /// <remarks>
    /// How vCPUs are resumed, see <see cref="DomainRelease"/>. Xen forgets a register write that waited for its answer when the monitor is disabled; there is no way to save it.
    /// </remarks>
    /// <exception cref="XenException">
    /// The domain is not there or cannot be monitored, or Xen refuses. More than eight vCPUs that wait for room in a
    /// ring whose listener is gone cannot be freed: Xen refuses to disable then (EBUSY).
    /// </exception>
    public static MonitorResetReport Run(IHypervisor hypervisor, XenDomain domain)
    {
        ArgumentNullException.ThrowIfNull(hypervisor);
        ArgumentNullException.ThrowIfNull(domain);
        using IDisposable? guard = hypervisor.GuardReset(domain);
        using IDomainControl control = hypervisor.Control(domain);
        int undone = control.UndoAbandoned();
        IReadOnlyList<uint> frozen = VCpuObservation.FindFrozen(control, control.VCpus, Look);
        bool wasMonitored = false;
        DomainRelease? release = null;

        // No vCPU may raise an event meanwhile: nobody would answer it.
        control.WhilePaused(() =>
        {
            wasMonitored = control.DisableMonitor();
            release = DomainRelease.Run(hypervisor, domain, control);
        });
        IReadOnlyList<uint> still = VCpuObservation.FindFrozen(control, frozen, Look);
        return new MonitorResetReport(domain, wasMonitored, frozen, still, release!.CanUsePages, release.Failures, undone);
    }
}
