using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// The functions of libxenctrl, with their own names and meanings (Xen's tools/include/xenctrl.h). They return 0 or a
/// value; on failure a negative number or a null pointer, with errno. Functions marked with a release are not in all of
/// them: see <see cref="XenLibraries.XenCtrlHas"/>.
/// </summary>
internal static unsafe partial class XenCtrl
{
    internal const string Library = "libxenctrl";

    /// <summary>XENVER_version, a command of <see cref="xc_version"/> (Xen's public/version.h).</summary>
    internal const int VersionNumber = 0;

    /// <summary>XENVER_commandline: a zero-terminated text in <see cref="CommandLineBytes"/>.</summary>
    internal const int VersionCommandLine = 9;

    /// <summary>The size of <c>xen_commandline_t</c>.</summary>
    internal const int CommandLineBytes = 1024;

    [LibraryImport(Library, SetLastError = true)]
    internal static partial XenCtrlHandle xc_interface_open(nint logger, nint dombuildLogger, uint flags);

    [LibraryImport(Library)]
    internal static partial int xc_interface_close(nint xch);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_version(XenCtrlHandle xch, int command, nint argument);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_physinfo(XenCtrlHandle xch, out PhysicalInfo info);

    /// <summary>Xen 4.13 and later.</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_vm_event_get_version(XenCtrlHandle xch);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint xc_monitor_enable(XenCtrlHandle xch, uint domain, out uint port);

    /// <summary>A Xen 4.12 with the slotted channel patched in.</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint xc_monitor_enable_ex(
        XenCtrlHandle xch,
        uint domain,
        out nint ring,
        uint ringFrames,
        out uint ringPort,
        out nint slots,
        uint* slotPorts,
        uint slotCount);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_monitor_disable(XenCtrlHandle xch, uint domain);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_monitor_resume(XenCtrlHandle xch, uint domain);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_monitor_get_capabilities(XenCtrlHandle xch, uint domain, out uint capabilities);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_monitor_write_ctrlreg(
        XenCtrlHandle xch,
        uint domain,
        ushort index,
        [MarshalAs(UnmanagedType.U1)] bool enable,
        [MarshalAs(UnmanagedType.U1)] bool sync,
        ulong ignoredBits,
        [MarshalAs(UnmanagedType.U1)] bool onChangeOnly);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_monitor_mov_to_msr(
        XenCtrlHandle xch,
        uint domain,
        uint msr,
        [MarshalAs(UnmanagedType.U1)] bool enable,
        [MarshalAs(UnmanagedType.U1)] bool onChangeOnly);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_monitor_cpuid(XenCtrlHandle xch, uint domain, [MarshalAs(UnmanagedType.U1)] bool enable);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_monitor_software_breakpoint(XenCtrlHandle xch, uint domain, [MarshalAs(UnmanagedType.U1)] bool enable);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_monitor_debug_exceptions(
        XenCtrlHandle xch, uint domain, [MarshalAs(UnmanagedType.U1)] bool enable, [MarshalAs(UnmanagedType.U1)] bool sync);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_monitor_singlestep(XenCtrlHandle xch, uint domain, [MarshalAs(UnmanagedType.U1)] bool enable);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_monitor_descriptor_access(XenCtrlHandle xch, uint domain, [MarshalAs(UnmanagedType.U1)] bool enable);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_monitor_guest_request(
        XenCtrlHandle xch,
        uint domain,
        [MarshalAs(UnmanagedType.U1)] bool enable,
        [MarshalAs(UnmanagedType.U1)] bool sync,
        [MarshalAs(UnmanagedType.U1)] bool allowUserspace);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_monitor_privileged_call(XenCtrlHandle xch, uint domain, [MarshalAs(UnmanagedType.U1)] bool enable);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_monitor_emul_unimplemented(XenCtrlHandle xch, uint domain, [MarshalAs(UnmanagedType.U1)] bool enable);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_monitor_inguest_pagefault(XenCtrlHandle xch, uint domain, [MarshalAs(UnmanagedType.U1)] bool disable);

    /// <summary>Xen 4.17 and later.</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_monitor_vmexit(
        XenCtrlHandle xch, uint domain, [MarshalAs(UnmanagedType.U1)] bool enable, [MarshalAs(UnmanagedType.U1)] bool sync);

    /// <summary>Xen 4.18 and later.</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_monitor_io(XenCtrlHandle xch, uint domain, [MarshalAs(UnmanagedType.U1)] bool enable);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_set_mem_access(XenCtrlHandle xch, uint domain, MemAccess access, ulong firstGfn, uint count);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_get_mem_access(XenCtrlHandle xch, uint domain, ulong gfn, out MemAccess access);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_set_mem_access_multi(XenCtrlHandle xch, uint domain, byte* access, ulong* gfns, uint count);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_altp2m_get_domain_state(XenCtrlHandle xch, uint domain, [MarshalAs(UnmanagedType.U1)] out bool active);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_altp2m_set_domain_state(XenCtrlHandle xch, uint domain, [MarshalAs(UnmanagedType.U1)] bool active);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_altp2m_create_view(XenCtrlHandle xch, uint domain, MemAccess access, out ushort view);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_altp2m_destroy_view(XenCtrlHandle xch, uint domain, ushort view);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_altp2m_switch_to_view(XenCtrlHandle xch, uint domain, ushort view);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_altp2m_get_mem_access(XenCtrlHandle xch, uint domain, ushort view, ulong gfn, out MemAccess access);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_altp2m_set_mem_access_multi(
        XenCtrlHandle xch, uint domain, ushort view, byte* access, ulong* gfns, uint count);

    /// <summary>Xen 4.13 and later.</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_altp2m_get_vcpu_p2m_idx(XenCtrlHandle xch, uint domain, uint vcpu, out ushort view);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_evtchn_status(XenCtrlHandle xch, ref EventChannelStatus status);

    /// <summary>Single-stepping: operation 0 is off, 1 is on.</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_domain_debug_control(XenCtrlHandle xch, uint domain, uint operation, uint vcpu);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_domain_set_access_required(XenCtrlHandle xch, uint domain, uint required);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_domain_maximum_gpfn(XenCtrlHandle xch, uint domain, out ulong gfn);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_domain_get_pod_target(XenCtrlHandle xch, uint domain, out ulong pages, out ulong cached, out ulong entries);

    /// <summary>Returns the records of existing domains from an id on, and how many there are.</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_domain_getinfolist(XenCtrlHandle xch, uint firstDomain, uint most, out DomainInfo info);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_vcpu_getinfo(XenCtrlHandle xch, uint domain, uint vcpu, out VCpuInfo info);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_hvm_param_get(XenCtrlHandle xch, uint domain, int parameter, out ulong value);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_domain_populate_physmap_exact(
        XenCtrlHandle xch, uint domain, nuint count, uint order, uint flags, in ulong frame);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint xc_map_foreign_range(XenCtrlHandle xch, uint domain, int bytes, int protection, nuint frame);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_domain_hvm_getcontext_partial(
        XenCtrlHandle xch, uint domain, ushort type, ushort instance, byte* buffer, uint bytes);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_domain_pause(XenCtrlHandle xch, uint domain);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_domain_unpause(XenCtrlHandle xch, uint domain);

    /// <summary>If it is missing, libxendevicemodel has its successor.</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int xc_hvm_inject_trap(
        XenCtrlHandle xch, uint domain, int vcpu, byte vector, byte type, uint errorCode, byte instructionLength, ulong extra);
}

/// <summary>A connection to Xen through libxenctrl. For one thread at a time.</summary>
internal sealed class XenCtrlHandle : LibraryHandle
{
    internal const string Device = "/dev/xen/privcmd";

    /// <inheritdoc cref="LibraryHandle.EnsureOpen"/>
    public static XenCtrlHandle Open() => EnsureOpen(XenCtrl.xc_interface_open(SilentLogger.Pointer, SilentLogger.Pointer, 0), nameof(XenCtrl.xc_interface_open), Device);

    protected override bool ReleaseHandle() => XenCtrl.xc_interface_close(handle) == 0;
}
