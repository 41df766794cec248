using System.Runtime.InteropServices;
using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;

namespace XenVmEvent.NativeXen;

/// <summary>The functions of libxenctrl for views of a guest's memory. They work with and without a listener.</summary>
internal static unsafe class AltP2mExports
{
    private const string Prefix = "simulated_xc_altp2m_";

    private static readonly SimulatedAltP2m Guest = new(NativeHost.Guest, new SingleCaller(NativeHost.Guest.Host).Enter);

    [UnmanagedCallersOnly(EntryPoint = Prefix + "get_domain_state")]
    public static int GetDomainState(nint xch, uint domain, byte* active) =>
        NativeHost.Try(() => *active = Of(domain).IsActive ? (byte)1 : (byte)0);

    [UnmanagedCallersOnly(EntryPoint = Prefix + "set_domain_state")]
    public static int SetDomainState(nint xch, uint domain, byte active) =>
        NativeHost.Try(() => Of(domain).IsActive = active != 0);

    [UnmanagedCallersOnly(EntryPoint = Prefix + "create_view")]
    public static int CreateView(nint xch, uint domain, int access, ushort* view) =>
        NativeHost.Try(() => *view = Of(domain).CreateView((MemAccess)access));

    [UnmanagedCallersOnly(EntryPoint = Prefix + "destroy_view")]
    public static int DestroyView(nint xch, uint domain, ushort view) =>
        NativeHost.Try(() => Of(domain).DestroyView(view));

    [UnmanagedCallersOnly(EntryPoint = Prefix + "switch_to_view")]
    public static int SwitchToView(nint xch, uint domain, ushort view) =>
        NativeHost.Try(() => Of(domain).SwitchToView(view));

    [UnmanagedCallersOnly(EntryPoint = Prefix + "get_vcpu_p2m_idx")]
    public static int GetVCpuP2mIndex(nint xch, uint domain, uint vcpu, ushort* view) =>
        NativeHost.Try(() => *view = Of(domain).GetVCpuView(vcpu));

    [UnmanagedCallersOnly(EntryPoint = Prefix + "get_mem_access")]
    public static int GetMemAccess(nint xch, uint domain, ushort view, ulong gfn, int* access)
    {
        MemAccess? found = null;
        int result = NativeHost.Try(() => found = Of(domain).GetMemAccess(view, gfn));
        if (result == 0 && found is null) return NativeHost.Fail(Errno.ESRCH);
        if (found is { } its) *access = (int)its;
        return result;
    }

    [UnmanagedCallersOnly(EntryPoint = Prefix + "set_mem_access")]
    public static int SetMemAccess(nint xch, uint domain, ushort view, ulong gfn, int access) =>
        NativeHost.Try(() => Of(domain).SetMemAccess(view, [gfn], [(MemAccess)access]));

    [UnmanagedCallersOnly(EntryPoint = Prefix + "set_mem_access_multi")]
    public static int SetMemAccessMulti(nint xch, uint domain, ushort view, byte* access, ulong* gfns, uint count) =>
        NativeHost.Try(() => Of(domain).SetMemAccess(view, new ReadOnlySpan<ulong>(gfns, (int)count), NativeHost.Permissions(access, count)));

    private static SimulatedAltP2m Of(uint domain)
    {
        NativeHost.Find(domain, "xc_altp2m");
        return Guest;
    }
}
