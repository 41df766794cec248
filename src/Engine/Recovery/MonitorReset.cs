using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Recovery;

/// <summary>
/// Frees a guest that a listener has left behind: its vCPUs run again, its pages are as if nobody watched, all views
/// except the host's own are gone, and its monitor is disabled. It cuts off a listener that is alive.
/// </summary>
public static class MonitorReset
{
    /// <summary>
    /// How long vCPUs are observed before one is called frozen, and how long they may take to run on.
    /// </summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    /// <summary>Frees the guest.</summary>
    /// <remarks>
    /// See <see cref="DomainRelease"/> for how vCPUs are resumed. When the monitor is disabled, Xen forgets a register
    /// write that waits for its answer; there is no way to save it.
    /// </remarks>
    /// <exception cref="XenException">
    /// The domain does not exist or cannot be monitored, or Xen refuses. If more than eight vCPUs wait for room in a
    /// ring whose listener is gone, they cannot be freed: Xen then refuses to disable the monitor (EBUSY).
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
        Attempts attempts = new();
        int breakpoints = 0;

        // No vCPU may raise an event meanwhile, because nobody would answer it.
        control.WhilePaused(() =>
        {
            // Before nobody is told of them, and again: until then, a listener that is alive can set more.
            attempts.Try(() => breakpoints = BreakpointRemoval.Run(hypervisor, domain, control, ofTheLiving: true));
            wasMonitored = control.DisableMonitor();
            attempts.Try(() => BreakpointRemoval.Run(hypervisor, domain, control, ofTheLiving: true));
            release = DomainRelease.Run(hypervisor, domain, control);
        });
        IReadOnlyList<uint> still = VCpuObservation.FindFrozen(control, frozen, Look);
        return new MonitorResetReport(domain, wasMonitored, frozen, still, release!.CanUsePages, [.. attempts.Failures, .. release.Failures], undone, breakpoints);
    }
}
