using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>A connection that one of Xen's libraries has opened.</summary>
internal abstract class LibraryHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    /// <summary>Refuses a handle that was not opened.</summary>
    /// <param name="handle">What the call returned, just now.</param>
    /// <param name="call">The call.</param>
    /// <param name="place">What it opens: a device, or a daemon.</param>
    /// <exception cref="XenException">Not dom0, no such device, not root, or no such daemon.</exception>
    protected static T EnsureOpen<T>(T handle, string call, string place)
        where T : LibraryHandle =>
        handle.IsInvalid ? throw XenErrors.OfOpening(call, Marshal.GetLastPInvokeError(), place) : handle;
}
