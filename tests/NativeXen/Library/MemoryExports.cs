using System.Runtime.InteropServices;
using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;

namespace XenVmEvent.NativeXen;

/// <summary>
/// The functions of libxenctrl that are about a domain's memory: its access, what is populated, and mapping it.
/// </summary>
internal static unsafe class MemoryExports
{
    /// <summary><c>HVM_PARAM_MONITOR_RING_PFN</c> (Xen's public/hvm/params.h).</summary>
    private const int MonitorRingParameter = 28;

    private const ulong NewPages = ulong.MaxValue;
    private const int ProtectionWrite = 2;

    private static int _writes;

    [UnmanagedCallersOnly(EntryPoint = XenCtrlExports.Prefix + "set_mem_access")]
    public static int SetMemAccess(nint xch, uint domain, int access, ulong firstGfn, uint count)
    {
        try
        {
            SimulatedMonitor monitor = XenCtrlExports.Monitor(domain, "xc_set_mem_access");
            if (firstGfn == NewPages) monitor.DefaultMemAccess = (MemAccess)access;
            else monitor.SetMemAccess((MemAccess)access, firstGfn, count);
            if (count > 1) NativeHost.StartWhenWatched();
            return 0;
        }
        catch (XenException e)
        {
            return NativeHost.Fail(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = XenCtrlExports.Prefix + "set_mem_access_multi")]
    public static int SetMemAccessMulti(nint xch, uint domain, byte* access, ulong* gfns, uint count) =>
        NativeHost.Try(() => XenCtrlExports.Monitor(domain, "xc_set_mem_access_multi")
            .SetMemAccess(new ReadOnlySpan<ulong>(gfns, (int)count), NativeHost.Permissions(access, count)));

    [UnmanagedCallersOnly(EntryPoint = XenCtrlExports.Prefix + "get_mem_access")]
    public static int GetMemAccess(nint xch, uint domain, ulong gfn, int* access)
    {
        try
        {
            // Xen first checks whether the domain can have it at all.
            if (!NativeHost.Find(domain, "xc_get_mem_access").Abilities.CanRestrictPages) throw Refusal.NoPageAccess("xc_get_mem_access");
            SimulatedMonitor monitor = XenCtrlExports.Monitor(domain, "xc_get_mem_access");
            if ((gfn == NewPages ? monitor.DefaultMemAccess : monitor.GetMemAccess(gfn)) is not { } its) return NativeHost.Fail(Errno.ESRCH);
            *access = (int)its;
            return 0;
        }
        catch (XenException e)
        {
            return NativeHost.Fail(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = XenCtrlExports.Prefix + "domain_get_pod_target")]
    public static int DomainGetPodTarget(nint xch, uint domain, ulong* pages, ulong* cached, ulong* entries) => NativeHost.Try(() =>
    {
        *entries = (ulong)NativeHost.Find(domain, "xc_domain_get_pod_target").PagesOnDemand;
        *pages = *cached = 0;
    });

    [UnmanagedCallersOnly(EntryPoint = XenCtrlExports.Prefix + "domain_set_access_required")]
    public static int DomainSetAccessRequired(nint xch, uint domain, uint required) => NativeHost.Try(() =>
    {
        SimulatedDomain guest = NativeHost.Find(domain, "xc_domain_set_access_required");
        lock (guest.Gate)
        {
            guest.Pages.ListenerRequired = required != 0;
            guest.Views.RequireListener(required != 0);
        }
    });

    /// <summary>
    /// The address of the ring before the monitor is enabled, for a guard. The guard is another process with its own
    /// simulated host, so it gets a page that nothing is ever put in.
    /// </summary>
    [UnmanagedCallersOnly(EntryPoint = XenCtrlExports.Prefix + "hvm_param_get")]
    public static int HvmParamGet(nint xch, uint domain, int parameter, ulong* value)
    {
        if (parameter != MonitorRingParameter) return NativeHost.Fail(Errno.EINVAL);
        return NativeHost.Try(() => *value = NativeHost.Find(domain, "xc_hvm_param_get").Pages.MaximumGfn + 1);
    }

    /// <inheritdoc cref="HvmParamGet"/>
    [UnmanagedCallersOnly(EntryPoint = XenCtrlExports.Prefix + "domain_populate_physmap_exact")]
    public static int DomainPopulatePhysmapExact(nint xch, uint domain, nuint count, uint order, uint flags, ulong* frame) =>
        NativeHost.IsGuestFull ? NativeHost.Fail(Errno.EBUSY) : NativeHost.Try(() => NativeHost.Find(domain, "xc_domain_populate_physmap_exact"));

    /// <summary>Maps a page of the guest, or the ring's before the monitor is enabled.</summary>
    [UnmanagedCallersOnly(EntryPoint = XenCtrlExports.Prefix + "map_foreign_range")]
    public static nint MapForeignRange(nint xch, uint domain, int bytes, int protection, nuint frame)
    {
        nint start = Libc.MapFailed;
        int result = NativeHost.Try(() =>
        {
            SimulatedDomain guest = NativeHost.Find(domain, "xc_map_foreign_range");
            if (frame == guest.Pages.MaximumGfn + 1)
            {
                start = Libc.mmap(0, (nuint)bytes, Libc.ProtectionReadWrite, Libc.MapShared | Libc.MapAnonymous, -1, 0);
                return;
            }

            if ((protection & ProtectionWrite) != 0) Death.At($"before write {Interlocked.Increment(ref _writes)}");
            start = guest.Memory.Map(frame, protection);
        });
        if (result < 0) return 0;
        if (start == Libc.MapFailed) NativeHost.Fail(Errno.EINVAL);
        return start == Libc.MapFailed ? 0 : start;
    }
}
