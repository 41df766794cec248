using System.Runtime.InteropServices;
using XenVmEvent.Hypervisor.Xen;

namespace XenVmEvent.NativeXen;

/// <summary>The functions of libxencall, and the one hypercall that the engine makes without libxenctrl.</summary>
internal static unsafe class CallExports
{
    private const string Prefix = "simulated_xencall";
    private const nint Connection = 1;
    private const uint Domctl = 36;
    private const uint MonitorOp = 77;
    private const uint ControlRegisters = 4;

    [UnmanagedCallersOnly(EntryPoint = Prefix + "_open")]
    public static nint Open(nint logger, uint flags) => Connection;

    [UnmanagedCallersOnly(EntryPoint = Prefix + "_close")]
    public static int Close(nint handle) => 0;

    [UnmanagedCallersOnly(EntryPoint = Prefix + "_alloc_buffer")]
    public static void* AllocBuffer(nint handle, nuint bytes) => NativeMemory.AllocZeroed(bytes);

    [UnmanagedCallersOnly(EntryPoint = Prefix + "_free_buffer")]
    public static void FreeBuffer(nint handle, void* buffer) => NativeMemory.Free(buffer);

    [UnmanagedCallersOnly(EntryPoint = Prefix + "1")]
    public static int Call1(nint handle, uint hypercall, uint* domctl)
    {
        // struct xen_domctl: cmd, interface_version, domain (16 bits), and from byte 16 on what belongs to cmd.
        if (hypercall != Domctl || domctl[0] != MonitorOp || domctl[4] != ControlRegisters) return NativeHost.Fail(Errno.ENOSYS);
        uint domain = (ushort)domctl[2];
        return NativeHost.Try(() => NativeHost.MonitorOf(domain, "XEN_DOMCTL_monitor_op").HoldBackRegisterWrites());
    }
}
