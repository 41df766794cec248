using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>Does something while no vCPU of a domain runs.</summary>
internal static class XenPause
{
    public static void While(XenCtrlHandle xen, XenDomain domain, XenErrors errors, Action action)
    {
        if (XenCtrl.xc_domain_pause(xen, domain.Id) < 0) throw Failure(nameof(XenCtrl.xc_domain_pause), "pause the vCPUs");
        try
        {
            action();
        }
        catch
        {
            _ = XenCtrl.xc_domain_unpause(xen, domain.Id);
            throw;
        }

        if (XenCtrl.xc_domain_unpause(xen, domain.Id) < 0) throw Failure(nameof(XenCtrl.xc_domain_unpause), "let the vCPUs run again");

        XenException Failure(string call, string what)
        {
            int errno = Marshal.GetLastPInvokeError();
            return errors.Of(call, errno, $"{what} of {domain}", domain);
        }
    }
}
