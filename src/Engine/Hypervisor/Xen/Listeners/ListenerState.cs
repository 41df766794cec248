using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// Reads whether a domain's monitor is enabled, without changing anything. Enabling must not be used to find out. For a
/// domain whose slots are in use, <c>xc_monitor_enable</c> panics the host. A second <c>xc_monitor_enable_ex</c> wipes
/// the listener's settings. Both leave a page in the guest.
/// </summary>
internal static class ListenerState
{
    /// <returns>Null if this host does not tell.</returns>
    public static bool? Read(XenCtrlHandle xen, uint domain)
    {
        // Page access can be read if there is a listener; otherwise the call fails with ENODEV.
        if (XenCtrl.xc_get_mem_access(xen, domain, ulong.MaxValue, out _) >= 0) return true;
        if ((Errno)Marshal.GetLastPInvokeError() is Errno.ENODEV) return false;

        // On hardware without page access (AMD), taking responses off the ring fails with ENODEV without a listener.
        // With one, it does no more than the listener's next notification. A Xen with slots returns EINVAL if there is
        // no ring.
        if (XenCtrl.xc_monitor_resume(xen, domain) >= 0) return true;
        return (Errno)Marshal.GetLastPInvokeError() switch
        {
            Errno.ENODEV => false,
            Errno.EINVAL when XenLibraries.XenCtrlHas(nameof(XenCtrl.xc_monitor_enable_ex)) => SlottedPorts.AreEnabled(domain),
            _ => null,
        };
    }
}
