using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Recovery;

/// <summary>
/// Frees a domain whose monitor is disabled from what a listener has left: first its vCPUs run on, then everything else.
/// Each step is tried even when another failed.
/// </summary>
/// <remarks>
/// No page's access is set. Without a listener, and with none required, Xen gives a page its permissions at the first touch; while
/// setting them page by page splits every large page, which a small guest has no memory for (ENOMEM), and costs Xen a
/// broadcast each.
/// </remarks>
internal sealed class DomainRelease
{
    private readonly Attempts _attempts = new();

    private DomainRelease()
    {
    }

    /// <summary>What failed; what this host has not at all is none of it.</summary>
    public IReadOnlyList<XenException> Failures => [.. _attempts.Failures.Where(one => one.Id != XenErrorId.NotSupported)];

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
        release._attempts.Try(() => VCpuResumer.ResumeVCpus(
            hypervisor, domain, monitor => isDefaultRestored = release._attempts.Try(() => monitor.DefaultMemAccess = MemAccess.Rwx)));
        bool isNoneRequired = release._attempts.Try(() => control.SetAccessRequired(false));
        release.CanUsePages = isDefaultRestored && isNoneRequired;
        release._attempts.Try(restorer.StopStepping);
        release._attempts.Try(() =>
        {
            if (control.AltP2m.IsActive) restorer.RestoreViews([], all: true);
        });
        return release;
    }
}
