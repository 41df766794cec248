using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>Asks Xen which events it can raise for a domain, whether or not there is a listener.</summary>
internal static class MonitorAbilities
{
    /// <summary>The kinds of event.</summary>
    public static MonitorCapabilities Read(XenCtrlHandle xen, XenDomain domain, XenErrors errors)
    {
        int result = XenCtrl.xc_monitor_get_capabilities(xen, domain.Id, out uint capabilities);
        if (result < 0)
        {
            throw errors.Of(
                nameof(XenCtrl.xc_monitor_get_capabilities), Marshal.GetLastPInvokeError(), $"ask which events Xen can raise for {domain}", domain);
        }

        // Xen reports this for every x86 processor, but on AMD nothing raises it. Everything else that it reports for
        // AMD is true.
        var told = (MonitorCapabilities)capabilities;
        return (told & MonitorCapabilities.VmExit) != 0 && IsSvm(xen) ? told & ~MonitorCapabilities.VmExit : told;
    }

    private static bool IsSvm(XenCtrlHandle xen) =>
        XenCtrl.xc_physinfo(xen, out PhysicalInfo info) >= 0
        && info.Virtualization(XenVersion.FromNumber(XenCtrl.xc_version(xen, XenCtrl.VersionNumber, 0))) == Virtualization.Svm;

    /// <summary>Page access, which is not among the kinds that Xen lists.</summary>
    /// <returns>Null if this host does not tell.</returns>
    public static bool? CanRestrictPages(XenCtrlHandle xen, uint domain)
    {
        // Xen first checks whether the domain can have it (EINVAL), then whether there is a listener (ENODEV).
        if (XenCtrl.xc_get_mem_access(xen, domain, ulong.MaxValue, out _) >= 0) return true;
        return (Errno)Marshal.GetLastPInvokeError() switch
        {
            Errno.ENODEV => true,
            Errno.EINVAL => false,
            _ => null,
        };
    }
}
