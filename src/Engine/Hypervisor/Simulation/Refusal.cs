namespace XenVmEvent.Hypervisor.Simulation;

/// <summary>The errors with which simulated Xen refuses a call: those that real Xen leaves, in the same words throughout.</summary>
internal static class Refusal
{
    public static XenException NoSuchDomain(XenDomain domain, string call) =>
        new(XenErrorId.DomainNotFound, call, "ESRCH", $"There is no domain {domain}.", "List the domains that there are; this one may have ended.");

    public static XenException NotMonitorable(XenDomain domain, string call, string why) =>
        new(XenErrorId.DomainNotSupported, call, "EOPNOTSUPP", $"The domain {domain} cannot be monitored: {why}.", "Choose an HVM or PVH guest.");

    public static XenException Busy(XenDomain domain, string call) =>
        new(XenErrorId.MonitorBusy, call, "EBUSY",
            $"The domain {domain} has a listener already, or one has died and left its monitor enabled.",
            "End the other listener; when there is none any more, free the guest with Reset-XenMonitor.");

    public static XenException NotSupported(string call, string what) =>
        new(XenErrorId.NotSupported, call, "EOPNOTSUPP", $"This Xen or its hardware cannot do this: {what}.", "Use a host that offers it, or watch other events.");

    public static XenException NoPageAccess(string call) =>
        new(XenErrorId.NotSupported, call, "EINVAL",
            "This processor cannot restrict the access to pages.", "Page access needs an Intel processor with EPT.");

    public static XenException AlreadySo(string call, string what) =>
        new(XenErrorId.ConflictingWatch, call, "EEXIST", $"{what} already.", "End the other watch first.");

    public static XenException Invalid(string call, string what) =>
        new(XenErrorId.CallFailed, call, "EINVAL", $"{what}.", "Check what was passed.");

    public static XenException NoSuchPages(string call, ulong firstGfn, ulong count, ulong maximumGfn) =>
        new(XenErrorId.InvalidGfn, call, "EINVAL",
            $"The domain does not have the {count} pages from gfn 0x{firstGfn:x}.",
            $"Name pages from gfn 0 to 0x{maximumGfn:x}, one at least.");

    public static XenException NoListener(XenDomain domain, string call) =>
        new(XenErrorId.SessionEnded, call, "ENODEV", $"The monitor of the domain {domain} is not enabled.", "Enable it first.");

    public static XenException Gone(XenDomain domain, string call, string? why) =>
        new(XenErrorId.DomainNotFound, call, "ESRCH", $"The domain {domain} is no more: {why}.", "Start the domain again, then the session.");
}
