using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>The altp2m of a domain on the real Xen, over its monitor's connection.</summary>
internal sealed class XenAltP2m(XenCtrlHandle xen, XenDomain domain, XenErrors errors) : IAltP2m
{
    public bool IsActive
    {
        get
        {
            int result = XenCtrl.xc_altp2m_get_domain_state(xen, domain.Id, out bool active);
            return result >= 0 ? active : throw Failure(nameof(XenCtrl.xc_altp2m_get_domain_state), $"read the altp2m state of {domain}");
        }

        set
        {
            if (XenCtrl.xc_altp2m_set_domain_state(xen, domain.Id, value) < 0)
                throw Failure(nameof(XenCtrl.xc_altp2m_set_domain_state), $"switch altp2m {(value ? "on" : "off")} for {domain}");
        }
    }

    public ushort CreateView(MemAccess access)
    {
        MemAccessRules.EnsureSafe(access, XenHypervisor.ProcessorArchitecture);
        int result = XenCtrl.xc_altp2m_create_view(xen, domain.Id, access, out ushort view);
        return result >= 0 ? view : throw Failure(nameof(XenCtrl.xc_altp2m_create_view), $"make a view of the memory of {domain}");
    }

    public void DestroyView(ushort view)
    {
        if (XenCtrl.xc_altp2m_destroy_view(xen, domain.Id, view) < 0)
            throw Failure(nameof(XenCtrl.xc_altp2m_destroy_view), $"remove view {view} of {domain}");
    }

    public void SwitchToView(ushort view)
    {
        if (XenCtrl.xc_altp2m_switch_to_view(xen, domain.Id, view) < 0)
            throw Failure(nameof(XenCtrl.xc_altp2m_switch_to_view), $"switch {domain} to view {view}");
    }

    public ushort GetVCpuView(uint vcpu)
    {
        const string Function = nameof(XenCtrl.xc_altp2m_get_vcpu_p2m_idx);
        if (!XenLibraries.XenCtrlHas(Function)) throw errors.OfMissing(Function, "tell which view a vCPU is in", "That needs Xen 4.13 or later");
        int result = XenCtrl.xc_altp2m_get_vcpu_p2m_idx(xen, domain.Id, vcpu, out ushort view);
        return result >= 0 ? view : throw Failure(Function, $"read the view of vCPU {vcpu} of {domain}");
    }

    public MemAccess? GetMemAccess(ushort view, ulong gfn)
    {
        int result = XenCtrl.xc_altp2m_get_mem_access(xen, domain.Id, view, gfn, out MemAccess access);
        if (result >= 0) return access;

        // Xen also returns ESRCH for a domain that is gone; the following calls will notice that.
        return (Errno)Marshal.GetLastPInvokeError() == Errno.ESRCH
            ? null
            : throw Failure(nameof(XenCtrl.xc_altp2m_get_mem_access), $"read the page access of {domain} in view {view}");
    }

    public unsafe void SetMemAccess(ushort view, ReadOnlySpan<ulong> gfns, ReadOnlySpan<MemAccess> access)
    {
        if (gfns.IsEmpty) return;
        byte[] permissions = MemAccessRules.ToBytes(access, gfns.Length, XenHypervisor.ProcessorArchitecture);
        fixed (byte* eachAccess = permissions)
        fixed (ulong* eachGfn = gfns)
        {
            if (XenCtrl.xc_altp2m_set_mem_access_multi(xen, domain.Id, view, eachAccess, eachGfn, (uint)gfns.Length) >= 0) return;
        }

        throw Failure(nameof(XenCtrl.xc_altp2m_set_mem_access_multi), $"set the access of {gfns.Length} pages of {domain} in view {view}");
    }

    private XenException Failure(string call, string what) => errors.OfAltP2m(call, Marshal.GetLastPInvokeError(), what, domain);
}
