using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>A connection to Xen through libxenctrl. For one thread at a time.</summary>
internal sealed class XenCtrlHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    internal const string Device = "/dev/xen/privcmd";

    /// <exception cref="XenException">It cannot be opened: not dom0, no such device, or not root.</exception>
    public static XenCtrlHandle Open()
    {
        XenCtrlHandle handle = XenCtrl.xc_interface_open(SilentLogger.Pointer, SilentLogger.Pointer, 0);
        return handle.IsInvalid
            ? throw XenErrors.OfOpening(nameof(XenCtrl.xc_interface_open), Marshal.GetLastPInvokeError(), Device)
            : handle;
    }

    protected override bool ReleaseHandle() => XenCtrl.xc_interface_close(handle) == 0;
}
