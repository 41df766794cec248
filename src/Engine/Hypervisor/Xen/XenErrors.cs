namespace XenVmEvent.Hypervisor.Xen;

/// <summary>Turns what a failed call left in errno into an error that says what to do. The one place that does.</summary>
/// <param name="running">The Xen that runs.</param>
/// <param name="library">The file that libxenctrl came from.</param>
internal sealed class XenErrors(XenVersion running, string library)
{
    private const string ListDomains = "List the domains that run.";

    /// <summary>A device or daemon of dom0 that cannot be opened.</summary>
    public static XenException OfOpening(string call, int errno, string what) => (Errno)errno switch
    {
        Errno.EACCES or Errno.EPERM => new XenException(
            XenErrorId.NotPermitted, call, (Errno)errno, $"This user may not open {what}.", "Run this as root in dom0, with sudo for example."),
        Errno.ENOENT or Errno.ENODEV or Errno.ENXIO or Errno.ECONNREFUSED => new XenException(
            XenErrorId.XenNotAvailable,
            call,
            (Errno)errno,
            $"There is no {what}: this is not dom0, or a part of it is not started.",
            what switch
            {
                "xenstore" => "Start xenstored (systemctl start xenstored, or on Debian the service xen), or use the simulator.",
                _ => $"Load its kernel module (modprobe xen-{Path.GetFileName(what)}), or use the simulator.",
            },
            RemedyTask.UseSimulator),
        _ => new XenException(
            XenErrorId.CallFailed, call, (Errno)errno, $"Opening {what} failed.", "See dmesg and 'xl dmesg' for the cause."),
    };

    /// <summary>xenstore does not answer.</summary>
    public static XenException OfXenStore(string call, int errno, string path) => new(
        (Errno)errno is Errno.EACCES or Errno.EPERM ? XenErrorId.NotPermitted : XenErrorId.CallFailed,
        call,
        (Errno)errno,
        $"xenstore does not give {path}.",
        "Run this as root in dom0, and look whether xenstored still runs.");

    /// <summary>The domains that Xen does not list.</summary>
    public XenException OfListing(string call, int errno) => (Errno)errno switch
    {
        Errno.EACCES when !IsLibraryOfXen => Mismatch(call, errno),
        Errno.EACCES or Errno.EPERM => new XenException(
            XenErrorId.NotPermitted,
            call,
            (Errno)errno,
            "Xen does not let this domain list the others.",
            "Run this as root in dom0; where Xen runs with a security policy (FLASK), it must allow getdomaininfo."),
        _ => new XenException(XenErrorId.CallFailed, call, (Errno)errno, "Xen does not list the domains.", "See 'xl dmesg' for the cause."),
    };

    /// <summary>
    /// The first call to Xen itself. EACCES is Xen's word for a library of another release, and for what its security policy
    /// forbids: where the library is of this release it is the latter.
    /// </summary>
    public XenException OfConnecting(string call, int errno) => (Errno)errno switch
    {
        Errno.EACCES when !IsLibraryOfXen => Mismatch(call, errno),
        Errno.EACCES => new XenException(
            XenErrorId.NotPermitted,
            call,
            (Errno)errno,
            $"The security policy (XSM, FLASK) of this Xen {running} does not let this domain control others.",
            $"Allow dom0 domctl, sysctl and vm_event in the policy, or boot with flask=permissive to see what it denies. Where no policy is loaded, {library} is of another build than this Xen: install its own."),
        Errno.ENOSYS or Errno.EOPNOTSUPP => new XenException(
            XenErrorId.NotSupported,
            call,
            (Errno)errno,
            $"This Xen {running} was built without VM events.",
            "Boot a Xen that was built with them (CONFIG_VM_EVENT=y), or use the simulator.",
            RemedyTask.UseSimulator),
        Errno.EPERM => new XenException(
            XenErrorId.NotPermitted,
            call,
            (Errno)errno,
            "Xen does not let this domain control others.",
            "Run this as root in dom0, or use the simulator.",
            RemedyTask.UseSimulator),
        _ => new XenException(
            XenErrorId.CallFailed,
            call,
            (Errno)errno,
            $"Xen {running} does not answer a first question.",
            "See 'xl dmesg' for the cause, and report this with the version of Xen."),
    };

    /// <summary>A function that this Xen's library does not have.</summary>
    public XenException OfMissing(string function, string ability, string needs) => new(
        XenErrorId.NotSupported,
        $"This Xen cannot {ability}: its library {library} has no {function}.",
        $"{needs}; Xen {running} runs here.");

    /// <summary>Enabling that failed with EBUSY where nobody listens: libxenctrl says so of a page that it cannot populate.</summary>
    public static XenException OfFull(string call, XenDomain domain) => New(
        XenErrorId.OutOfMemory,
        call,
        (int)Errno.EBUSY,
        $"enable the monitor of {domain}",
        "no page can be populated for its ring, for the guest has all the memory that it may have or the host has none left",
        "Raise the guest's maxmem, or free memory of the host.");

    /// <summary>Enabling that failed.</summary>
    public XenException OfEnabling(string call, int errno, XenDomain domain)
    {
        string what = $"enable the monitor of {domain}";
        return (Errno)errno switch
        {
            Errno.EBUSY => OfBusy(domain, call),
            Errno.EINVAL => New(
                XenErrorId.DomainNotSupported, call, errno, what, "it is not a guest of type HVM or PVH", "Only HVM and PVH guests can be monitored, and never dom0."),
            Errno.ENODEV or Errno.EOPNOTSUPP or Errno.ENOSYS => New(
                XenErrorId.NotSupported,
                call,
                errno,
                what,
                "its type, this hardware or this Xen's build does not allow it",
                "The guest has to be HVM or PVH, with hardware assisted paging (hap=1) on Intel or AMD, and Xen built with VM event support; a test tells what is missing.",
                RemedyTask.TestMonitor),
            Errno.E2BIG => New(
                XenErrorId.NotSupported, call, errno, what, "the slotted channel has no room for so many vCPUs", "Use the ring.", RemedyTask.UseRing),
            Errno.ENOMEM => New(
                XenErrorId.OutOfMemory, call, errno, what, "neither the guest nor Xen has a page left for the channel", "Raise the guest's maxmem, or free memory of the host."),
            _ => Of(call, errno, what, domain),
        };
    }

    /// <summary>Somebody listens already, or did and went away.</summary>
    public static XenException OfBusy(XenDomain domain, string call = nameof(XenCtrl.xc_monitor_enable))
    {
        IReadOnlyList<ListenerSuspect> suspects = ListenerSuspects.Find("/proc");
        string who = suspects.Count == 0
            ? "no other process can be it, so it is this one, or it is gone and has left the monitor behind"
            : "it may be " + string.Join(" or ", suspects);
        return new XenException(
            XenErrorId.MonitorBusy,
            call,
            Errno.EBUSY,
            $"The monitor of {domain} has a listener already; {who}.",
            "End that listener. If it is gone, free the domain.",
            RemedyTask.ResetMonitor);
    }

    /// <summary>Switching events that failed.</summary>
    public XenException OfSwitching(string call, int errno, string what, XenDomain domain) => (Errno)errno switch
    {
        Errno.EOPNOTSUPP or Errno.ENOSYS or Errno.ENODEV => New(
            XenErrorId.NotSupported, call, errno, what, "this hardware or this Xen cannot raise them", "Watch other kinds of event, or run the guest on a host whose hardware and Xen version can."),
        Errno.EINVAL => New(
            XenErrorId.NotSupported, call, errno, what, "Xen cannot watch this one", "Choose another register: Xen knows CR0, CR3, CR4 and XCR0, and the MSRs from 0, 0x40000000 and 0xc0000000 on, 0x2000 each."),
        Errno.EEXIST => New(
            XenErrorId.ConflictingWatch, call, errno, what, "they are so already", "End the other watch of these events first."),
        Errno.ENXIO => Ended(call, errno, what),
        _ => Of(call, errno, what, domain),
    };

    /// <summary>Page access that failed, for another reason than an impossible gfn.</summary>
    public XenException OfMemAccess(string call, int errno, string what, XenDomain domain) => (Errno)errno switch
    {
        Errno.EINVAL => New(
            XenErrorId.NotSupported,
            call,
            errno,
            what,
            "this hardware has no page access events",
            "Page access events need an Intel processor with EPT (or arm64) and a guest with hardware assisted paging."),
        Errno.ENOMEM => New(
            XenErrorId.OutOfMemory,
            call,
            errno,
            what,
            "the guest's page tables have no memory left for it",
            "Give the guest more: shadow_memory=24 (MiB) or more in its configuration, then start it again; or watch fewer pages."),
        Errno.ENODEV => Ended(call, errno, what),
        _ => Of(call, errno, what, domain),
    };

    /// <summary>A call about altp2m that failed.</summary>
    public XenException OfAltP2m(string call, int errno, string what, XenDomain domain) => (Errno)errno switch
    {
        Errno.EOPNOTSUPP or Errno.ENOSYS => New(
            XenErrorId.NotSupported,
            call,
            errno,
            what,
            "this hardware has no altp2m, or Xen was not told to use it, or the domain's is not on",
            "Views need an Intel processor with EPT, an HVM or PVH guest, and altp2m=1 on Xen's own command line."),
        Errno.EINVAL when call is nameof(XenCtrl.xc_altp2m_get_domain_state) or nameof(XenCtrl.xc_altp2m_set_domain_state) => New(
            XenErrorId.NotSupported,
            call,
            errno,
            what,
            "the guest's configuration does not enable altp2m",
            "Write altp2m=\"external\" into its configuration, with shadow_memory=24 or more, and start it again."),
        Errno.EINVAL when call == nameof(XenCtrl.xc_altp2m_create_view) => New(
            XenErrorId.NotSupported, call, errno, what, $"it has all of its {IAltP2m.MostViews} views, or this Xen does not know the access", "Remove a view first, or choose another access."),
        Errno.EINVAL => New(XenErrorId.ViewNotFound, call, errno, what, "there is no such view", "List the views.", RemedyTask.ListViews),
        Errno.EBUSY => New(
            XenErrorId.ViewInUse, call, errno, what, "a vCPU is in it, or there is no such view", "Switch to another view first.", RemedyTask.LeaveView),
        Errno.ENOMEM => OfMemAccess(call, errno, what, domain),
        _ => Of(call, errno, what, domain),
    };

    /// <summary>Any other call for a domain.</summary>
    public XenException Of(string call, int errno, string what, XenDomain domain) => (Errno)errno switch
    {
        Errno.ESRCH => New(XenErrorId.DomainNotFound, call, errno, what, "there is no such domain (any more)", ListDomains, RemedyTask.ListDomains),
        Errno.EACCES when !IsLibraryOfXen => Mismatch(call, errno),
        Errno.EACCES or Errno.EPERM when domain.Id == 0 => New(
            XenErrorId.DomainNotSupported, call, errno, what, "a domain cannot monitor itself", ListDomains, RemedyTask.ListDomains),
        Errno.EACCES or Errno.EPERM => New(
            XenErrorId.NotPermitted, call, errno, what, "Xen does not permit it", "Run this as root in dom0; where Xen runs with a security policy (FLASK), it must allow vm_event."),
        Errno.EBUSY when call == nameof(XenCtrl.xc_domain_populate_physmap_exact) => OfFull(call, domain),
        Errno.ENOMEM => New(XenErrorId.OutOfMemory, call, errno, what, "there is no memory left for it", "Free memory of the host or raise the guest's maxmem."),
        Errno.EOPNOTSUPP or Errno.ENOSYS or Errno.ENODEV => New(
            XenErrorId.NotSupported, call, errno, what, "this hardware or this Xen cannot do it", "Run the guest on a host whose hardware and Xen version can."),
        _ => New(XenErrorId.CallFailed, call, errno, what, "Xen refused it", "See 'xl dmesg' for the cause; where it does not help, report this with the version of Xen."),
    };

    private static XenException New(XenErrorId id, string call, int errno, string what, string reason, string remedy, RemedyTask task = RemedyTask.None) =>
        new(id, call, (Errno)errno, $"Cannot {what}: {reason}.", remedy, task);

    private static XenException Ended(string call, int errno, string what) => New(
        XenErrorId.SessionEnded, call, errno, what, "the domain's monitor is not enabled any more", "Somebody disabled it; start the session again.");

    /// <summary>False too where the file's name tells no release.</summary>
    private bool IsLibraryOfXen => XenLibraryNames.ReleaseOf(library) == running;

    private XenException Mismatch(string call, int errno) => new(
        XenErrorId.LibraryMismatch,
        call,
        (Errno)errno,
        $"Xen {running} runs, but {library} is of another release, and Xen takes no calls from it.",
        $"Install the libraries of Xen {running} (Debian: libxenmisc{running}), or boot the Xen that fits the installed ones.");
}
