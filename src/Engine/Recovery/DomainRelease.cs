using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Recovery;

/// <summary>
/// Frees a domain whose monitor is disabled from what a listener has left: first its vCPUs run on, then everything else.
/// Each step is tried even when another failed.
/// </summary>
/// <remarks>
/// No page's access is set. Without a listener, and with none required, Xen gives a page its rights at the first touch; while
/// setting them page by page splits every large page, which a small guest has no memory for (ENOMEM), and costs Xen a
/// broadcast each.
/// </remarks>
internal sealed class DomainRelease
{
    private readonly List<XenException> _failures = [];

    private DomainRelease()
    {
    }

    /// <summary>What failed.</summary>
    public IReadOnlyList<XenException> Failures => _failures;

    /// <summary>Every page can be used from its first touch on; false also where no page can be restricted.</summary>
    public bool CanUsePages { get; private set; }

    /// <param name="hypervisor">The host.</param>
    /// <param name="domain">The domain, paused.</param>
    /// <param name="control">A way to it.</param>
    public static DomainRelease Run(IHypervisor hypervisor, XenDomain domain, IDomainControl control)
    {
        DomainRelease release = new();
        DomainRestorer restorer = new(control, control.VCpus);
        bool isDefaultRestored = false;
        release.Attempt(() => FreshMonitor.ResumeVCpus(
            hypervisor, domain, monitor => isDefaultRestored = release.Attempt(() => monitor.DefaultMemAccess = MemAccess.Rwx)));
        bool isNoneRequired = release.Attempt(() => control.SetAccessRequired(false));
        release.CanUsePages = isDefaultRestored && isNoneRequired;
        release.Attempt(restorer.StopStepping);
        release.Attempt(() =>
        {
            if (control.AltP2m.IsActive) restorer.RestoreViews([], all: true);
        });
        return release;
    }

    /// <returns>False where it failed, or where this host has no such thing.</returns>
    private bool Attempt(Action step)
    {
        try
        {
            Retry.WhileRefused(step);
            return true;
        }
        catch (XenException e)
        {
            if (e.Id != XenErrorId.NotSupported) _failures.Add(e);
            return false;
        }
    }
}
