using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>A set of event channels that one wait serves; closing it closes them all.</summary>
internal sealed class XenEventChannelHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    internal const string Device = "/dev/xen/evtchn";

    /// <exception cref="XenException">It cannot be opened: not dom0, no such device, or not root.</exception>
    public static XenEventChannelHandle Open()
    {
        XenEventChannelHandle handle = XenEventChannel.xenevtchn_open(SilentLogger.Pointer, 0);
        return handle.IsInvalid
            ? throw XenErrors.OfOpening(nameof(XenEventChannel.xenevtchn_open), Marshal.GetLastPInvokeError(), Device)
            : handle;
    }

    protected override bool ReleaseHandle() => XenEventChannel.xenevtchn_close(handle) == 0;
}
