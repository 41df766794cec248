namespace XenVmEvent.Hypervisor.Xen;

/// <summary>Turns the errno of a failed call into an error that says what to do. The only place that does so.</summary>
/// <param name="running">The running Xen release.</param>
/// <param name="library">The file of libxenctrl.</param>
internal sealed class XenErrors(XenVersion running, string library)
{
    private const string ListDomains = "List the running domains.";

    /// <summary>A device or daemon of dom0 that cannot be opened.</summary>
    public static XenException OfOpening(string call, int errno, string what) => (Errno)errno switch
    {
        Errno.EACCES or Errno.EPERM => new XenException(
            XenErrorId.NotPermitted, call, (Errno)errno, $"This user may not open {what}.", "Run this as root in dom0, with sudo for example."),
        Errno.ENOENT or Errno.ENODEV or Errno.ENXIO or Errno.ECONNREFUSED => new XenException(
            XenErrorId.XenNotAvailable,
            call,
            (Errno)errno,
            $"There is no {what}: this is not dom0, or a part of dom0 has not been started.",
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
        $"xenstore does not return {path}.",
        "Run this as root in dom0, and check whether xenstored still runs.");

    /// <summary>Listing the domains failed.</summary>
    public XenException OfListing(string call, int errno) => (Errno)errno switch
    {
        Errno.EACCES when !IsLibraryOfXen => Mismatch(call, errno),
        Errno.EACCES or Errno.EPERM => new XenException(
            XenErrorId.NotPermitted,
            call,
            (Errno)errno,
            "Xen does not let this domain list the others.",
            "Run this as root in dom0. If Xen runs with a security policy (FLASK), the policy must allow getdomaininfo."),
        _ => new XenException(XenErrorId.CallFailed, call, (Errno)errno, "Xen does not list the domains.", "See 'xl dmesg' for the cause."),
    };

    /// <summary>
    /// The first call to Xen itself failed. Xen returns EACCES both for a library of another release and for what its
    /// security policy forbids. If the library is of the running release, it is the latter.
    /// </summary>
    public XenException OfConnecting(string call, int errno) => (Errno)errno switch
    {
        Errno.EACCES when !IsLibraryOfXen => Mismatch(call, errno),
        Errno.EACCES => new XenException(
            XenErrorId.NotPermitted,
            call,
            (Errno)errno,
            $"The security policy (XSM, FLASK) of this Xen {running} does not let this domain control others.",
            $"Allow dom0 domctl, sysctl and vm_event in the policy, or boot with flask=permissive to see what it denies. If no policy is loaded, {library} is from another build than this Xen: install the matching one."),
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
            $"Xen {running} does not answer a first call.",
            "See 'xl dmesg' for the cause, and report this with the Xen version."),
    };

    /// <summary>This Xen's library does not have a function.</summary>
    public XenException OfMissing(string function, string ability, string needs) => new(
        XenErrorId.NotSupported,
        $"This Xen cannot {ability}: its library {library} has no {function}.",
        $"{needs}; Xen {running} runs here.");

    /// <summary>
    /// Enabling failed with EBUSY although there is no listener: libxenctrl reports this for a page that it cannot
    /// populate.
    /// </summary>
    public static XenException OfFull(string call, XenDomain domain) => New(
        XenErrorId.OutOfMemory,
        call,
        (int)Errno.EBUSY,
        $"enable the monitor of {domain}",
        "no page can be populated for its ring, because the guest has all the memory that it may have or the host has none left",
        "Raise the guest's maxmem, or free memory on the host.");

    /// <summary>Enabling failed.</summary>
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
                "its type, this hardware or the build of this Xen does not allow it",
                "The guest must be HVM or PVH with hardware assisted paging (hap=1) on Intel or AMD, and Xen must be built with VM event support. Test what is missing.",
                RemedyTask.TestMonitor),
            Errno.E2BIG => New(
                XenErrorId.NotSupported, call, errno, what, "the slotted channel has no room for so many vCPUs", "Use the ring.", RemedyTask.UseRing),
            Errno.ENOMEM => New(
                XenErrorId.OutOfMemory, call, errno, what, "neither the guest nor Xen has a page left for the channel", "Raise the guest's maxmem, or free memory on the host."),
            _ => Of(call, errno, what, domain),
        };
    }

    /// <summary>There is a listener already, or there was one that is gone.</summary>
    public static XenException OfBusy(XenDomain domain, string call = nameof(XenCtrl.xc_monitor_enable))
    {
        IReadOnlyList<ListenerSuspect> suspects = ListenerSuspects.Find("/proc");
        string who = suspects.Count == 0
            ? "no other process can be the listener, so it is this one, or it is gone and has left the monitor enabled"
            : "it may be " + string.Join(" or ", suspects);
        return new XenException(
            XenErrorId.MonitorBusy,
            call,
            Errno.EBUSY,
            $"The monitor of {domain} already has a listener; {who}.",
            "End that listener. If it is gone, free the domain.",
            RemedyTask.ResetMonitor);
    }

    /// <summary>Switching events failed.</summary>
    public XenException OfSwitching(string call, int errno, string what, XenDomain domain) => (Errno)errno switch
    {
        Errno.EOPNOTSUPP or Errno.ENOSYS or Errno.ENODEV => New(
            XenErrorId.NotSupported, call, errno, what, "this hardware or this Xen cannot raise them", "Watch other kinds of event, or run the guest on a host whose hardware and Xen version can."),
        Errno.EINVAL => New(
            XenErrorId.NotSupported, call, errno, what, "Xen cannot watch this register", "Choose another register: Xen can watch CR0, CR3, CR4, XCR0 and the 0x2000 MSRs from each of 0, 0x40000000 and 0xc0000000."),
        Errno.EEXIST => New(
            XenErrorId.ConflictingWatch, call, errno, what, "they are already so", "End the other watch of these events first."),
        Errno.ENXIO => Ended(call, errno, what),
        _ => Of(call, errno, what, domain),
    };

    /// <summary>Setting or reading page access failed, for a reason other than an impossible gfn.</summary>
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
            "the guest's page tables have no memory left for this",
            "Set shadow_memory=24 (MiB) or more in the guest's configuration and start it again, or watch fewer pages."),
        Errno.ENODEV => Ended(call, errno, what),
        _ => Of(call, errno, what, domain),
    };

    /// <summary>A call about altp2m failed.</summary>
    public XenException OfAltP2m(string call, int errno, string what, XenDomain domain) => (Errno)errno switch
    {
        Errno.EOPNOTSUPP or Errno.ENOSYS => New(
            XenErrorId.NotSupported,
            call,
            errno,
            what,
            "this hardware has no altp2m, or Xen was not booted with it, or it is not active for the domain",
            "Views need an Intel processor with EPT, an HVM or PVH guest, and altp2m=1 on Xen's command line."),
        Errno.EINVAL when call is nameof(XenCtrl.xc_altp2m_get_domain_state) or nameof(XenCtrl.xc_altp2m_set_domain_state) => New(
            XenErrorId.NotSupported,
            call,
            errno,
            what,
            "the guest's configuration does not enable altp2m",
            "Add altp2m=\"external\" and shadow_memory=24 or more to its configuration and start it again."),
        Errno.EINVAL when call == nameof(XenCtrl.xc_altp2m_create_view) => New(
            XenErrorId.NotSupported, call, errno, what, $"it already has {IAltP2m.MostViews} views, or this Xen does not support the access", "Remove a view first, or choose another access."),
        Errno.EINVAL => New(XenErrorId.ViewNotFound, call, errno, what, "there is no such view", "List the views.", RemedyTask.ListViews),
        Errno.EBUSY => New(
            XenErrorId.ViewInUse, call, errno, what, "a vCPU is in it, or there is no such view", "Switch to another view first.", RemedyTask.LeaveView),
        Errno.ENOMEM => OfMemAccess(call, errno, what, domain),
        _ => Of(call, errno, what, domain),
    };

    /// <summary>Any other call for a domain failed.</summary>
    public XenException Of(string call, int errno, string what, XenDomain domain) => (Errno)errno switch
    {
        Errno.ESRCH => New(XenErrorId.DomainNotFound, call, errno, what, "there is no such domain, or it is gone", ListDomains, RemedyTask.ListDomains),
        Errno.EACCES when !IsLibraryOfXen => Mismatch(call, errno),
        Errno.EACCES or Errno.EPERM when domain.Id == 0 => New(
            XenErrorId.DomainNotSupported, call, errno, what, "a domain cannot monitor itself", ListDomains, RemedyTask.ListDomains),
        Errno.EACCES or Errno.EPERM => New(
            XenErrorId.NotPermitted, call, errno, what, "Xen does not permit it", "Run this as root in dom0. If Xen runs with a security policy (FLASK), the policy must allow vm_event."),
        Errno.EBUSY when call == nameof(XenCtrl.xc_domain_populate_physmap_exact) => OfFull(call, domain),
        Errno.ENOMEM => New(XenErrorId.OutOfMemory, call, errno, what, "there is no memory left for this", "Free memory on the host, or raise the guest's maxmem."),
        Errno.EOPNOTSUPP or Errno.ENOSYS or Errno.ENODEV => New(
            XenErrorId.NotSupported, call, errno, what, "this hardware or this Xen cannot do it", "Run the guest on a host whose hardware and Xen version can."),
        _ => New(XenErrorId.CallFailed, call, errno, what, "Xen refused it", "See 'xl dmesg' for the cause; if that does not help, report this with the Xen version."),
    };

    private static XenException New(XenErrorId id, string call, int errno, string what, string reason, string remedy, RemedyTask task = RemedyTask.None) =>
        new(id, call, (Errno)errno, $"Cannot {what}: {reason}.", remedy, task);

    private static XenException Ended(string call, int errno, string what) => New(
        XenErrorId.SessionEnded, call, errno, what, "the domain's monitor is no longer enabled", "Another program disabled it; start the session again.");

    /// <summary>False also if the file's name has no release.</summary>
    private bool IsLibraryOfXen => XenLibraryNames.ReleaseOf(library) == running;

    private XenException Mismatch(string call, int errno) => new(
        XenErrorId.LibraryMismatch,
        call,
        (Errno)errno,
        $"Xen {running} runs, but {library} is from another release, and Xen accepts no calls from it.",
        $"Install the libraries of Xen {running} (Debian: libxenmisc{running}), or boot the Xen release of the installed ones.");
}
