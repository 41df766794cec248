using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>A connection that one of Xen's libraries has opened.</summary>
internal abstract class LibraryHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    /// <summary>Refuses an invalid handle.</summary>
    /// <param name="handle">What the call just returned.</param>
    /// <param name="call">The call.</param>
    /// <param name="place">What the call opens: a device or a daemon.</param>
    /// <exception cref="XenException">Not dom0, no such device, not root, or no such daemon.</exception>
    protected static T EnsureOpen<T>(T handle, string call, string place)
        where T : LibraryHandle =>
        handle.IsInvalid ? throw XenErrors.OfOpening(call, Marshal.GetLastPInvokeError(), place) : handle;
}
