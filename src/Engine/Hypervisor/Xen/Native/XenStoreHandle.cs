using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>A connection to xenstore.</summary>
internal sealed class XenStoreHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    internal const string Daemon = "xenstore";

    /// <exception cref="XenException">xenstored does not run, or does not let this user in.</exception>
    public static XenStoreHandle Open()
    {
        XenStoreHandle handle = XenStore.xs_open(0);
        return handle.IsInvalid
            ? throw XenErrors.OfOpening(nameof(XenStore.xs_open), Marshal.GetLastPInvokeError(), Daemon)
            : handle;
    }

    protected override bool ReleaseHandle()
    {
        XenStore.xs_close(handle);
        return true;
    }
}
