using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>A connection to Xen through libxencall.</summary>
internal sealed class XenCallHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    /// <exception cref="XenException">It cannot be opened: not dom0, no such device, or not root.</exception>
    public static XenCallHandle Open()
    {
        XenCallHandle handle = XenCall.xencall_open(SilentLogger.Pointer, 0);
        return handle.IsInvalid
            ? throw XenErrors.OfOpening(nameof(XenCall.xencall_open), Marshal.GetLastPInvokeError(), "/dev/xen/privcmd")
            : handle;
    }

    protected override bool ReleaseHandle() => XenCall.xencall_close(handle) == 0;
}
