using System.Runtime.InteropServices;
using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Xen;
using XenVmEvent.Simulation;

namespace XenVmEvent.NativeXen;

/// <summary>The functions of libxencall, and the hypercalls that the engine makes without libxenctrl.</summary>
internal static unsafe class CallExports
{
    private const string Prefix = "simulated_xencall";
    private const nint Connection = 1;
    private const uint Domctl = 36;
    private const uint MonitorOp = 77;
    private const uint VmEventOp = 56;
    private const uint GetPorts = 3;
    private const uint MonitorType = 2;
    private const uint SlottedDomctlInterface = 0x11;
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
        if (hypercall == Domctl && domctl[0] == VmEventOp) return SlottedPorts(domctl);
        if (hypercall != Domctl || domctl[0] != MonitorOp || domctl[4] != ControlRegisters) return NativeHost.Fail(Errno.ENOSYS);
        uint domain = (ushort)domctl[2];
        return NativeHost.Try(() => NativeHost.MonitorOf(domain, "XEN_DOMCTL_monitor_op").DeferRegisterWrites());
    }

    /// <summary>HVMOP_get_mem_type: struct xen_hvm_get_mem_type has the domain and the type in its first bytes, the page in the last.</summary>
    [UnmanagedCallersOnly(EntryPoint = Prefix + "2")]
    public static int Call2(nint handle, uint hypercall, ulong operation, void* argument)
    {
        if (hypercall != HvmMemoryType.Hypercall || operation != HvmMemoryType.Get) return NativeHost.Fail(Errno.ENOSYS);
        ushort* question = (ushort*)argument;
        ulong gfn = ((ulong*)argument)[1];
        return NativeHost.Try(() => question[1] = NativeHost.Find(question[0], "HVMOP_get_mem_type").IsDeviceMemory(gfn) ? HvmMemoryType.Device : (ushort)0);
    }

    /// <summary>What the Xen with the slotted channel is asked for the ports of slots that are enabled; others do not know it.</summary>
    private static int SlottedPorts(uint* domctl)
    {
        if (domctl[1] != SlottedDomctlInterface) return NativeHost.Fail(Errno.EACCES);
        if (!NativeHost.HasSlots || domctl[4] != GetPorts || domctl[5] != MonitorType) return NativeHost.Fail(Errno.ENOSYS);
        uint domain = (ushort)domctl[2];
        return NativeHost.Try(() =>
        {
            const string Call = "XEN_DOMCTL_vm_event_op";
            XenDomain guest = NativeHost.Find(domain, Call).Identity;
            if (NativeHost.FindMonitor(domain) is not { Slots: not null } monitor) throw Refusal.Invalid(Call, $"The slots of the domain {guest} are not enabled");
            domctl[6] = monitor.Ports.RingPort;
            uint* ports = *(uint**)(domctl + 8);
            if (ports is null) throw new XenException(XenErrorId.CallFailed, Call, Errno.EFAULT, "There is no place for the ports.", "Name one.");
            for (int i = 0; i < monitor.Ports.SlotPorts.Count; i++) ports[i] = monitor.Ports.SlotPorts[i];
        });
    }
}
