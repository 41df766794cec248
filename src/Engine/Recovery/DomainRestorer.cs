using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Recovery;

/// <summary>
/// Gives a domain back what its listener took and cannot give back any more, as far as that needs no listener.
/// </summary>
internal sealed class DomainRestorer(IDomainSettings domain, int vcpus)
{
    /// <summary>
    /// This takes a few milliseconds, in which the domain is paused: see <see cref="ViewPermissions"/>.
    /// </summary>
    private const uint PagesPerCall = 1 << 14;

    /// <summary>
    /// Stops single-stepping of all vCPUs: Xen delivers no interrupts to a vCPU that steps, and disabling does not end
    /// it.
    /// </summary>
    public void StopStepping()
    {
        if ((domain.Capabilities & MonitorCapabilities.SingleStep) == 0) return;
        for (uint vcpu = 0; vcpu < vcpus; vcpu++) domain.SetSingleStep(vcpu, enable: false);
    }

    /// <summary>Sets the access of pages and of new pages.</summary>
    /// <param name="monitor">The domain's monitor; without it no access can be set.</param>
    /// <param name="pages">The pages; those beyond the domain's last page are skipped.</param>
    /// <param name="access">The access.</param>
    /// <param name="meanwhile">Runs after each call to Xen.</param>
    public static void RestorePages(IDomainMonitor monitor, GfnRange pages, MemAccess access, Action? meanwhile = null)
    {
        monitor.DefaultMemAccess = access;
        ulong last = MemoryBound.LastOf(monitor, pages);
        if (last < pages.First) return;
        bool asks = PageSurvey.IsNeeded(monitor, [new GfnRange(pages.First, last)]);
        for (ulong gfn = pages.First; gfn <= last; gfn += PagesPerCall)
        {
            uint count = (uint)Math.Min(PagesPerCall, last - gfn + 1);
            if (asks) RestoreRestricted(monitor, gfn, count, access, meanwhile);
            else Set(monitor, access, gfn, count);
            meanwhile?.Invoke();
        }
    }

    /// <summary>Skips pages without memory, which Xen would populate, and pages that already have the access.</summary>
    private static void RestoreRestricted(IDomainMonitor monitor, ulong first, uint count, MemAccess access, Action? meanwhile)
    {
        uint run = 0;
        for (uint i = 0; i <= count; i++)
        {
            if (i < count && monitor.GetMemAccess(first + i) is { } its && its != access)
            {
                run++;
            }
            else if (run > 0)
            {
                Set(monitor, access, first + i - run, run);
                run = 0;
            }

            if (i % ViewPages.QuestionsPerStep == 0) meanwhile?.Invoke();
        }
    }

    private static void Set(IDomainMonitor monitor, MemAccess access, ulong first, uint count) =>
        monitor.WhilePaused(() => monitor.SetMemAccess(access, first, count));

    /// <summary>Switches all vCPUs to the host's own view and removes others.</summary>
    /// <param name="views">Those to remove.</param>
    /// <param name="all">Remove all existing views, and altp2m itself.</param>
    public void RestoreViews(IEnumerable<ushort> views, bool all)
    {
        domain.AltP2m.SwitchToView(0);
        foreach (ushort view in views) domain.AltP2m.DestroyView(view);
        if (all) domain.AltP2m.IsActive = false;
    }
}
