using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>The errors with which simulated Xen refuses a call: those of real Xen, always in the same words.</summary>
internal static class Refusal
{
    public static XenException NoSuchDomain(XenDomain domain, string call) =>
        new(XenErrorId.DomainNotFound, call, Errno.ESRCH, $"There is no domain {domain}.", "List the domains; this one may have ended.");

    public static XenException NotMonitorable(XenDomain domain, string call, string why) =>
        new(XenErrorId.DomainNotSupported, call, Errno.EOPNOTSUPP, $"The domain {domain} cannot be monitored: {why}.", "Choose an HVM or PVH guest.");

    public static XenException Busy(XenDomain domain, string call) =>
        new(XenErrorId.MonitorBusy, call, Errno.EBUSY,
            $"The domain {domain} already has a listener, or one has died and left the monitor enabled.",
            "End the other listener. If it is gone, free the domain.",
            RemedyTask.ResetMonitor);

    public static XenException NotSupported(string call, string what) =>
        new(XenErrorId.NotSupported, call, Errno.EOPNOTSUPP, $"This Xen or its hardware cannot do this: {what}.", "Use a host that supports it, or watch other events.");

    public static XenException NoPageAccess(string call) =>
        new(XenErrorId.NotSupported, call, Errno.EINVAL,
            "This processor cannot restrict access to pages.", "Page access needs an Intel processor with EPT.");

    public static XenException AlreadySo(string call, string what) =>
        new(XenErrorId.ConflictingWatch, call, Errno.EEXIST, $"{what} already.", "End the other watch first.");

    public static XenException Invalid(string call, string what) =>
        new(XenErrorId.CallFailed, call, Errno.EINVAL, $"{what}.", "Check what was passed.");

    public static XenException AsTold(string call, Errno errno) =>
        new(XenErrorId.CallFailed, call, errno, "The call was refused because this fault was requested.", "Request no faults.");

    public static XenException NoSuchPages(string call, ulong firstGfn, ulong count, ulong maximumGfn) =>
        new(XenErrorId.InvalidGfn, call, Errno.EINVAL,
            $"The domain does not have the {count} pages from gfn 0x{firstGfn:x}.",
            $"Name one or more pages from gfn 0 to 0x{maximumGfn:x}.");

    public static XenException NoMemory(XenDomain domain, string call) =>
        new(XenErrorId.OutOfMemory, call, Errno.ENOMEM,
            $"The page tables of the domain {domain} have no memory left for this.", "Raise the guest's shadow_memory, or watch fewer pages.");

    public static XenException NoSuchVCpu(XenDomain domain, uint vcpu, string call) =>
        new(XenErrorId.InvalidVCpu, call, Errno.ENOENT, $"The domain {domain} has no vCPU {vcpu}.", $"Its vCPUs are 0 to {domain.VCpus - 1}.");

    public static XenException NoListener(XenDomain domain, string call) =>
        new(XenErrorId.SessionEnded, call, Errno.ENODEV, $"The monitor of the domain {domain} is not enabled.", "Enable it first.");

    public static XenException NoAltP2m(string call) =>
        new(XenErrorId.NotSupported, call, Errno.EOPNOTSUPP,
            "This host has no altp2m.", "Views need an Intel processor with EPT, and altp2m=1 on Xen's command line.");

    public static XenException AltP2mDisabled(XenDomain domain, string call) =>
        new(XenErrorId.NotSupported, call, Errno.EINVAL,
            $"The configuration of the domain {domain} does not enable altp2m.",
            "Write altp2m=\"external\" into its configuration, and start it again.");

    public static XenException NoMoreViews(XenDomain domain, string call) =>
        new(XenErrorId.NotSupported, call, Errno.EINVAL,
            $"The domain {domain} already has {IAltP2m.MostViews} views.", "Remove one first.", RemedyTask.RemoveView);

    public static XenException NoSuchView(XenDomain domain, string call, ushort view) =>
        new(XenErrorId.ViewNotFound, call, Errno.EINVAL,
            $"The domain {domain} has no view {view}.", "List its views.", RemedyTask.ListViews);

    public static XenException ViewInUse(XenDomain domain, string call, ushort view) =>
        new(XenErrorId.ViewInUse, call, Errno.EBUSY,
            $"View {view} of the domain {domain} is the host's own, has a vCPU in it, or does not exist.",
            "Switch to another view first.",
            RemedyTask.LeaveView);

    public static XenException Gone(XenDomain domain, string call, string? why) =>
        new(XenErrorId.DomainNotFound, call, Errno.ESRCH, $"The domain {domain} is gone: {why}.", "Start the domain again, then the session.");
}
