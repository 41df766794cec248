using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>A connection to Xen through libxendevicemodel.</summary>
internal sealed class XenDeviceModelHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    /// <exception cref="XenException">It cannot be opened: not dom0, no such device, or not root.</exception>
    public static XenDeviceModelHandle Open()
    {
        XenDeviceModelHandle handle = XenDeviceModel.xendevicemodel_open(SilentLogger.Pointer, 0);
        return handle.IsInvalid
            ? throw XenErrors.OfOpening(nameof(XenDeviceModel.xendevicemodel_open), Marshal.GetLastPInvokeError(), "/dev/xen/privcmd")
            : handle;
    }

    protected override bool ReleaseHandle() => XenDeviceModel.xendevicemodel_close(handle) == 0;
}
