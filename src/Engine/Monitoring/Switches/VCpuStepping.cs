using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Which vCPUs step, counted: the first watch that wants it starts it, the last one ends it. A vCPU keeps stepping when
/// nobody sees the steps any more and after the monitor is disabled, and Xen delivers no interrupts to it. So no vCPU
/// may be left stepping. Used by the pump's thread.
/// </summary>
internal sealed class VCpuStepping(IDomainMonitor monitor, int vcpus)
{
    private readonly Dictionary<uint, int> _users = [];

    /// <summary>The vCPUs whose stepping answers have toggled.</summary>
    private readonly HashSet<uint> _switchedOver = [];

    /// <summary>The vCPUs that execute one instruction in another view.</summary>
    private readonly HashSet<uint> _steppingOver = [];
    private bool _mayStep;

    /// <summary>Steps are seen from now on, so answers may start them.</summary>
    public void MayBegin() => _mayStep = true;

    /// <summary>Makes the vCPUs of a watch step, or none of them if it fails.</summary>
    public void Start(EventWatch watch)
    {
        List<uint> started = [];
        try
        {
            foreach (uint vcpu in watch.SteppedVCpus.Distinct())
            {
                if (!_users.ContainsKey(vcpu)) monitor.SetSingleStep(vcpu, enable: true);
                _users[vcpu] = _users.GetValueOrDefault(vcpu) + 1;
                started.Add(vcpu);
            }
        }
        catch
        {
            foreach (uint vcpu in started) Stop(vcpu);
            throw;
        }
    }

    /// <summary>Ends what a watch started.</summary>
    public void Stop(EventWatch watch)
    {
        foreach (uint vcpu in watch.SteppedVCpus.Distinct()) Stop(vcpu);
    }

    /// <summary>Records that an answer toggles a vCPU's stepping.</summary>
    public void SwitchOver(uint vcpu)
    {
        if (!_switchedOver.Remove(vcpu)) _switchedOver.Add(vcpu);
    }

    /// <summary>Makes a vCPU step until <see cref="EndStepOver"/>, whether it already does or not.</summary>
    public void BeginStepOver(uint vcpu)
    {
        monitor.SetSingleStep(vcpu, enable: true);
        _steppingOver.Add(vcpu);
    }

    /// <summary>Stops a vCPU's stepping, unless it stepped before.</summary>
    /// <param name="vcpu">The vCPU.</param>
    /// <param name="switchesOver">The answer will toggle its stepping, which has been recorded.</param>
    public void EndStepOver(uint vcpu, bool switchesOver)
    {
        _steppingOver.Remove(vcpu);
        bool wanted = _users.ContainsKey(vcpu) != _switchedOver.Contains(vcpu);
        monitor.SetSingleStep(vcpu, enable: wanted != switchesOver);
    }

    /// <summary>No vCPU is stepping over any more: what they wait for does not come.</summary>
    public void ForgetStepsOver() => _steppingOver.Clear();

    /// <summary>Stops the stepping of all vCPUs, whoever started it, except those that step over.</summary>
    public void StopAll()
    {
        if (!_mayStep) return;
        _users.Clear();
        _switchedOver.Clear();
        for (uint vcpu = 0; vcpu < vcpus; vcpu++)
        {
            if (!_steppingOver.Contains(vcpu)) monitor.SetSingleStep(vcpu, enable: false);
        }
    }

    private void Stop(uint vcpu)
    {
        int users = _users.GetValueOrDefault(vcpu);
        if (users == 0) return;
        if (users > 1)
        {
            _users[vcpu] = users - 1;
            return;
        }

        _users.Remove(vcpu);
        monitor.SetSingleStep(vcpu, enable: false);
    }
}
