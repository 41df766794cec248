namespace XenVmEvent.Hypervisor.Simulation;

/// <summary>A simulated domain, for those who are not its listener.</summary>
internal sealed class SimulatedControl(SimulatedDomain domain) : IDomainControl
{
    public bool? IsMonitored => domain.IsMonitored;

    /// <summary>None: listeners of the simulator live in this process.</summary>
    public IReadOnlyList<string> ListenerSuspects => [];

    public VCpuState GetVCpuState(uint vcpu)
    {
        ThrowIfGone("xc_vcpu_getinfo");
        SimulatedVCpu one = domain.VCpus[(int)vcpu];
        bool stands = one.IsPaused || one.IsBlocked;
        return new VCpuState(one.RunTime, IsRunning: false, IsBlocked: !stands);
    }

    public void WhilePaused(Action action)
    {
        ThrowIfGone("xc_domain_pause");

        // Whoever has the gate keeps vCPUs from raising events and from taking answers, which is all that can be told of them.
        lock (domain.Gate) action();
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

    private void ThrowIfGone(string call)
    {
        if (!domain.IsAlive) throw Refusal.Gone(domain.Identity, call, domain.EndedBecause);
    }
}
