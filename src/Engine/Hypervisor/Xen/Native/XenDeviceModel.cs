using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>The functions of libxendevicemodel under their own names (Xen's tools/include/xendevicemodel.h).</summary>
internal static partial class XenDeviceModel
{
    internal const string Library = "libxendevicemodel";

    [LibraryImport(Library, SetLastError = true)]
    internal static partial XenDeviceModelHandle xendevicemodel_open(nint logger, uint flags);

    [LibraryImport(Library)]
    internal static partial int xendevicemodel_close(nint handle);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xendevicemodel_inject_event(
        XenDeviceModelHandle handle, ushort domain, int vcpu, byte vector, byte type, uint errorCode, byte instructionLength, ulong extra);
}

/// <summary>A connection to Xen through libxendevicemodel.</summary>
internal sealed class XenDeviceModelHandle : LibraryHandle
{
    /// <inheritdoc cref="LibraryHandle.EnsureOpen"/>
    public static XenDeviceModelHandle Open() => EnsureOpen(XenDeviceModel.xendevicemodel_open(SilentLogger.Pointer, 0), nameof(XenDeviceModel.xendevicemodel_open), XenCtrlHandle.Device);

    protected override bool ReleaseHandle() => XenDeviceModel.xendevicemodel_close(handle) == 0;
}
