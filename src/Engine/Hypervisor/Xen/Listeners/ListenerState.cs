using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// Reads whether a domain's monitor is enabled, changing nothing. Enabling must not be the way to find out: for a domain
/// whose slots are in use <c>xc_monitor_enable</c> panics the host, a second <c>xc_monitor_enable_ex</c> wipes the
/// listener's settings, and either leaves a page in the guest.
/// </summary>
internal static class ListenerState
{
    /// <returns>Null where this host does not tell.</returns>
    public static bool? Read(XenCtrlHandle xen, uint domain)
    {
        // Page access can be read while there is a listener and is ENODEV while there is none.
        if (XenCtrl.xc_get_mem_access(xen, domain, ulong.MaxValue, out _) >= 0) return true;
        if ((Errno)Marshal.GetLastPInvokeError() is Errno.ENODEV) return false;

        // Hardware without page access (AMD): taking responses off the ring is ENODEV without a listener, and with one
        // no more than what its next notification does. A Xen with slots says EINVAL wherever there is no ring.
        if (XenCtrl.xc_monitor_resume(xen, domain) >= 0) return true;
        return (Errno)Marshal.GetLastPInvokeError() switch
        {
            Errno.ENODEV => false,
            Errno.EINVAL when XenLibraries.XenCtrlHas(nameof(XenCtrl.xc_monitor_enable_ex)) => SlottedPorts.AreEnabled(domain),
            _ => null,
        };
    }
}
