using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <inheritdoc/>
internal sealed class XenResumingPorts(XenCtrlHandle xen, XenDomain domain, XenErrors errors) : ResumingPorts
{
    public override void Notify(uint port)
    {
        if (XenCtrl.xc_monitor_resume(xen, domain.Id) >= 0) return;
        int errno = Marshal.GetLastPInvokeError();
        throw errors.Of(nameof(XenCtrl.xc_monitor_resume), errno, $"resume vCPUs of {domain}", domain);
    }
}
