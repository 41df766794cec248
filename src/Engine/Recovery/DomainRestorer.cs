using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Recovery;

/// <summary>Gives a domain back what its listener took and cannot give back any more, as far as that needs no listener.</summary>
internal sealed class DomainRestorer(IDomainSettings domain, int vcpus)
{
    private const uint PagesPerCall = 65536;

    /// <summary>Has no vCPU step any more: Xen delivers no interrupts to one that does, and disabling does not end it.</summary>
    public void StopStepping()
    {
        if ((domain.Capabilities & MonitorCapabilities.SingleStep) == 0) return;
        for (uint vcpu = 0; vcpu < vcpus; vcpu++) domain.SetSingleStep(vcpu, enable: false);
    }

    /// <summary>Gives pages, and new pages, this access.</summary>
    /// <param name="monitor">The domain's monitor, without which no access can be set.</param>
    /// <param name="pages">The pages; those beyond the domain's last are left out.</param>
    /// <param name="access">The access.</param>
    /// <param name="meanwhile">Done after each call to Xen.</param>
    public static void RestorePages(IDomainMonitor monitor, GfnRange pages, MemAccess access, Action? meanwhile = null)
    {
        monitor.DefaultMemAccess = access;
        ulong last = MemoryBound.LastOf(monitor, pages);
        for (ulong gfn = pages.First; gfn <= last; gfn += PagesPerCall)
        {
            monitor.SetMemAccess(access, gfn, (uint)Math.Min(PagesPerCall, last - gfn + 1));
            meanwhile?.Invoke();
        }
    }

    /// <summary>Puts all vCPUs into the host's own view and removes others.</summary>
    /// <param name="views">Those to remove.</param>
    /// <param name="all">Remove every view there is, with altp2m itself.</param>
    public void RestoreViews(IEnumerable<ushort> views, bool all)
    {
        domain.AltP2m.SwitchToView(0);
        foreach (ushort view in views) domain.AltP2m.DestroyView(view);
        if (all) domain.AltP2m.IsActive = false;
    }
}
