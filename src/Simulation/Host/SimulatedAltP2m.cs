using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>A listener's access to the altp2m of a simulated domain, with Xen's checks.</summary>
/// <param name="domain">The domain.</param>
/// <param name="enter">
/// Begins a call: refuses it if the domain is gone, and notices if two threads call at once.
/// </param>
internal sealed class SimulatedAltP2m(SimulatedDomain domain, Func<string, SingleCaller.Call> enter) : IAltP2m
{
    public bool IsActive
    {
        get
        {
            using SingleCaller.Call call = Enter("xc_altp2m_get_domain_state");
            return domain.Views.IsActive;
        }

        set
        {
            using SingleCaller.Call call = Enter("xc_altp2m_set_domain_state");
            lock (domain.Gate) domain.Views.SetActive(value);
        }
    }

    public ushort CreateView(MemAccess access)
    {
        const string Name = "xc_altp2m_create_view";
        using SingleCaller.Call call = EnterActive(Name);
        MemAccessRules.EnsureSafe(access, Abi.GuestArchitecture.X86);
        if (!Enum.IsDefined(access) || access > MemAccess.Default) throw Refusal.Invalid(Name, $"A view's access cannot be {access}");
        lock (domain.Gate)
        {
            int view = domain.Views.Create();
            return view >= 0 ? (ushort)view : throw Refusal.NoMoreViews(domain.Identity, Name);
        }
    }

    public void DestroyView(ushort view)
    {
        const string Name = "xc_altp2m_destroy_view";
        using SingleCaller.Call call = EnterActive(Name);
        lock (domain.Gate)
        {
            if (!domain.Views.TryDestroy(view)) throw Refusal.ViewInUse(domain.Identity, Name, view);
        }
    }

    public void SwitchToView(ushort view)
    {
        const string Name = "xc_altp2m_switch_to_view";
        using SingleCaller.Call call = EnterActive(Name);
        lock (domain.Gate)
        {
            Find(Name, view);
            foreach (SimulatedVCpu vcpu in domain.VCpus) domain.Views.TryEnter(vcpu, view);
        }
    }

    public ushort GetVCpuView(uint vcpu)
    {
        const string Name = "xc_altp2m_get_vcpu_p2m_idx";
        using SingleCaller.Call call = EnterActive(Name);
        return vcpu < domain.VCpus.Count ? domain.VCpus[(int)vcpu].View : throw Refusal.Invalid(Name, $"The domain has no vCPU {vcpu}");
    }

    public MemAccess? GetMemAccess(ushort view, ulong gfn)
    {
        const string Name = "xc_altp2m_get_mem_access";
        using SingleCaller.Call call = EnterActive(Name);
        lock (domain.Gate)
        {
            PagePermissions pages = Find(Name, view);
            if (gfn > pages.MaximumGfn) return null;
            return view == 0 ? domain.Pages[gfn] : pages.Own(gfn);
        }
    }

    public void SetMemAccess(ushort view, ReadOnlySpan<ulong> gfns, ReadOnlySpan<MemAccess> access)
    {
        const string Name = "xc_altp2m_set_mem_access_multi";
        using SingleCaller.Call call = EnterActive(Name);
        foreach (MemAccess permission in access) SimulatedMonitor.Check(Name, permission, domain.Architecture);
        lock (domain.Gate)
        {
            PagePermissions pages = Find(Name, view);
            for (int i = 0; i < gfns.Length; i++)
            {
                if (gfns[i] > pages.MaximumGfn) continue;
                if (view == 0) domain.SetMemAccess(access[i], gfns[i], 1);
                else
                {
                    domain.Touch(gfns[i]);
                    pages[gfns[i]] = access[i];
                }
            }

            domain.AwaitAccesses();
        }
    }

    private PagePermissions Find(string name, ushort view) => domain.Views[view] ?? throw Refusal.NoSuchView(domain.Identity, name, view);

    private SingleCaller.Call EnterActive(string name)
    {
        SingleCaller.Call call = Enter(name);
        if (domain.Views.IsActive) return call;
        call.Dispose();
        throw Refusal.NotSupported(name, $"views, because altp2m is not active for the domain {domain.Identity}");
    }

    private SingleCaller.Call Enter(string name)
    {
        SingleCaller.Call call = enter(name);
        if (domain.HasAltP2m) return call;
        call.Dispose();
        throw domain.Abilities.HasAltP2m ? Refusal.AltP2mDisabled(domain.Identity, name) : Refusal.NoAltP2m(name);
    }
}
