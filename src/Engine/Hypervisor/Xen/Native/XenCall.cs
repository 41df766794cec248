using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// The functions of libxencall under their own names (Xen's tools/include/xencall.h): raw hypercalls.
/// </summary>
internal static partial class XenCall
{
    internal const string Library = "libxencall";

    [LibraryImport(Library, SetLastError = true)]
    internal static partial XenCallHandle xencall_open(nint logger, uint flags);

    [LibraryImport(Library)]
    internal static partial int xencall_close(nint handle);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint xencall_alloc_buffer(XenCallHandle handle, nuint bytes);

    [LibraryImport(Library)]
    internal static partial void xencall_free_buffer(XenCallHandle handle, nint buffer);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xencall1(XenCallHandle handle, uint hypercall, ulong argument);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xencall2(XenCallHandle handle, uint hypercall, ulong operation, ulong argument);
}

/// <summary>A connection to Xen through libxencall.</summary>
internal sealed class XenCallHandle : LibraryHandle
{
    /// <inheritdoc cref="LibraryHandle.EnsureOpen"/>
    public static XenCallHandle Open() => EnsureOpen(XenCall.xencall_open(SilentLogger.Pointer, 0), nameof(XenCall.xencall_open), XenCtrlHandle.Device);

    protected override bool ReleaseHandle() => XenCall.xencall_close(handle) == 0;
}
