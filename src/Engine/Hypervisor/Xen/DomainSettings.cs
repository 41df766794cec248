using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>The settings that need no listener, for listeners and others.</summary>
internal static class DomainSettings
{
    public static void SetAccessRequired(XenCtrlHandle xen, XenDomain domain, XenErrors errors, bool required)
    {
        if (XenCtrl.xc_domain_set_access_required(xen, domain.Id, required ? 1u : 0u) >= 0) return;
        int errno = Marshal.GetLastPInvokeError();
        throw errors.Of(
            nameof(XenCtrl.xc_domain_set_access_required), errno, $"set what happens to page accesses of {domain} without a listener", domain);
    }

    public static void SetSingleStep(XenCtrlHandle xen, XenDomain domain, XenErrors errors, uint vcpu, bool enable)
    {
        if (XenCtrl.xc_domain_debug_control(xen, domain.Id, enable ? 1u : 0u, vcpu) >= 0) return;
        int errno = Marshal.GetLastPInvokeError();
        throw errors.Of(nameof(XenCtrl.xc_domain_debug_control), errno, $"switch single-stepping of {domain}", domain);
    }
}
