using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>A simulated domain, for callers that are not its listener.</summary>
internal sealed class SimulatedControl(SimulatedDomain domain) : IDomainControl
{
    private readonly SingleCaller _caller = new(domain.Host);

    public bool? IsMonitored => domain.IsMonitored;

    /// <summary>None: listeners of the simulator are in this process.</summary>
    public IReadOnlyList<string> ListenerSuspects => [];

    public MonitorCapabilities Capabilities
    {
        get
        {
            ThrowIfGone("xc_monitor_get_capabilities");
            return domain.Abilities.Events;
        }
    }

    public int VCpus => domain.VCpus.Count;

    public bool? CanRestrictPages => domain.Abilities.CanRestrictPages;

    public IAltP2m AltP2m => field ??= new SimulatedAltP2m(domain, Enter);

    public bool HasViews
    {
        get
        {
            const string Call = "xc_altp2m_get_domain_state";
            ThrowIfGone(Call);
            if (domain.HasAltP2m) return domain.HasViews;
            throw domain.Abilities.HasAltP2m ? Refusal.AltP2mDisabled(domain.Identity, Call) : Refusal.NoAltP2m(Call);
        }
    }

    public VCpuState GetVCpuState(uint vcpu)
    {
        ThrowIfGone("xc_vcpu_getinfo");
        return domain.VCpus[(int)vcpu].State;
    }

    public void SetAccessRequired(bool required)
    {
        using SingleCaller.Call call = Enter("xc_domain_set_access_required");
        domain.SetAccessRequired(required);
    }

    public void SetSingleStep(uint vcpu, bool enable)
    {
        const string Call = "xc_domain_debug_control";
        using SingleCaller.Call call = Enter(Call);
        domain.SetSingleStep(Call, vcpu, enable);
    }

    public void WhilePaused(Action action)
    {
        ThrowIfGone("xc_domain_pause");

        // Holding the gate keeps vCPUs from raising events and from taking answers, which is all that can be observed
        // of them.
        lock (domain.Gate) action();
    }

    public IReadOnlyList<IBreakpointNote> FindBreakpoints()
    {
        lock (domain.Gate) return [.. domain.Breakpoints];
    }

    public bool DisableMonitor()
    {
        lock (domain.Gate)
        {
            ThrowIfGone("xc_monitor_disable");
            if (!domain.IsMonitored) return false;
            domain.MonitorDisable();
            return true;
        }
    }

    public void Dispose()
    {
    }

    private SingleCaller.Call Enter(string name)
    {
        ThrowIfGone(name);
        return _caller.Enter(name);
    }

    private void ThrowIfGone(string call)
    {
        if (!domain.IsAlive) throw Refusal.Gone(domain.Identity, call, domain.EndedBecause);
    }
}
