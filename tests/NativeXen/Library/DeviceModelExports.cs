using System.Runtime.InteropServices;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.NativeXen;

/// <summary>The function of libxendevicemodel that injects events.</summary>
internal static class DeviceModelExports
{
    private const string Prefix = "simulated_xendevicemodel_";
    private const nint Connection = 1;

    [UnmanagedCallersOnly(EntryPoint = Prefix + "open")]
    public static nint Open(nint logger, uint flags) => Connection;

    [UnmanagedCallersOnly(EntryPoint = Prefix + "close")]
    public static int Close(nint handle) => 0;

    [UnmanagedCallersOnly(EntryPoint = Prefix + "inject_event")]
    public static int InjectEvent(nint handle, ushort domain, int vcpu, byte vector, byte type, uint errorCode, byte length, ulong extra) =>
        NativeHost.Try(() => NativeHost.MonitorOf(domain, "xendevicemodel_inject_event")
            .InjectTrap((uint)vcpu, new TrapInjection(vector, type, length, extra)));
}
