using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Recovery;

/// <summary>
/// Frees a domain whose monitor is disabled from what a listener left behind: first it resumes its vCPUs, then it
/// restores everything else. Each step is tried even if another failed.
/// </summary>
/// <remarks>
/// It does not set the access of any page. Without a listener, and if none is required, Xen gives a page its
/// permissions at the first access. Setting them page by page would split every large page, for which a small guest has
/// no memory (ENOMEM), and cost Xen a broadcast for each.
/// </remarks>
internal sealed class DomainRelease
{
    private readonly Attempts _attempts = new();

    private DomainRelease()
    {
    }

    /// <summary>The steps that failed, without those that this host does not support at all.</summary>
    public IReadOnlyList<XenException> Failures => [.. _attempts.Failures.Where(one => one.Id != XenErrorId.NotSupported)];

    /// <summary>Every page can be used from its first access on; false also if no page can be restricted.</summary>
    public bool CanUsePages { get; private set; }

    /// <param name="hypervisor">The host.</param>
    /// <param name="domain">The domain, paused.</param>
    /// <param name="control">Its control.</param>
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
