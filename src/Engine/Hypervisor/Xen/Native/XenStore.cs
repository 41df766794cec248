using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// The functions of libxenstore under their own names (Xen's tools/include/xenstore.h). Null is a failure, with errno.
/// Each result is one block of C memory that the caller must free. A connection serves several threads.
/// </summary>
internal static unsafe partial class XenStore
{
    internal const string Library = "libxenstore";

    /// <summary>No transaction.</summary>
    internal const uint NoTransaction = 0;

    [LibraryImport(Library, SetLastError = true)]
    internal static partial XenStoreHandle xs_open(nuint flags);

    [LibraryImport(Library)]
    internal static partial void xs_close(nint handle);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial byte* xs_read(XenStoreHandle handle, uint transaction, string path, out uint length);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool xs_watch(XenStoreHandle handle, string path, string token);

    /// <summary>Whether the toolstack has told xenstored of a domain, which it does once the domain is made.</summary>
    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool xs_is_domain_introduced(XenStoreHandle handle, uint domain);

    /// <summary>Readable while a watch has news.</summary>
    [LibraryImport(Library)]
    internal static partial int xs_fileno(XenStoreHandle handle);

    /// <summary>The news of a watch; null with EAGAIN if there is none.</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial byte** xs_check_watch(XenStoreHandle handle);
}

/// <summary>A connection to xenstore.</summary>
internal sealed class XenStoreHandle : LibraryHandle
{
    internal const string Daemon = "xenstore";

    /// <inheritdoc cref="LibraryHandle.EnsureOpen"/>
    public static XenStoreHandle Open() => EnsureOpen(XenStore.xs_open(0), nameof(XenStore.xs_open), Daemon);

    protected override bool ReleaseHandle()
    {
        XenStore.xs_close(handle);
        return true;
    }
}
