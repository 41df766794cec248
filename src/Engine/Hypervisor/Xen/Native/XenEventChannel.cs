using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// The functions of libxenevtchn under their own names (Xen's tools/include/xenevtchn.h). A negative result is a
/// failure, with errno.
/// </summary>
internal static partial class XenEventChannel
{
    internal const string Library = "libxenevtchn";

    [LibraryImport(Library, SetLastError = true)]
    internal static partial XenEventChannelHandle xenevtchn_open(nint logger, uint flags);

    [LibraryImport(Library)]
    internal static partial int xenevtchn_close(nint handle);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xenevtchn_fd(XenEventChannelHandle handle);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xenevtchn_bind_interdomain(XenEventChannelHandle handle, uint domain, uint remotePort);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xenevtchn_notify(XenEventChannelHandle handle, uint port);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xenevtchn_unmask(XenEventChannelHandle handle, uint port);
}

/// <summary>A set of event channels that one wait serves; closing it closes them all.</summary>
internal sealed class XenEventChannelHandle : LibraryHandle
{
    internal const string Device = "/dev/xen/evtchn";

    /// <inheritdoc cref="LibraryHandle.EnsureOpen"/>
    public static XenEventChannelHandle Open() => EnsureOpen(XenEventChannel.xenevtchn_open(SilentLogger.Pointer, 0), nameof(XenEventChannel.xenevtchn_open), Device);

    protected override bool ReleaseHandle() => XenEventChannel.xenevtchn_close(handle) == 0;
}
