using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Which vCPUs step, counted: the first watch that wants it begins, the last one out ends it. Xen has a vCPU step on
/// when nobody sees it any more and after the monitor is disabled, and delivers it no interrupts: none may be left so.
/// Used by the pump's thread.
/// </summary>
internal sealed class VCpuStepping(IDomainMonitor monitor, int vcpus)
{
    private readonly Dictionary<uint, int> _users = [];

    /// <summary>Those whose stepping answers have switched over.</summary>
    private readonly HashSet<uint> _switchedOver = [];

    /// <summary>Those that do one instruction in another view.</summary>
    private readonly HashSet<uint> _steppingOver = [];
    private bool _mayStep;

    /// <summary>Steps are seen from now on, so answers may begin them.</summary>
    public void MayBegin() => _mayStep = true;

    /// <summary>Has the vCPUs of a watch step, or, failing, none of them.</summary>
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

    /// <summary>Gives up what a watch began.</summary>
    public void Stop(EventWatch watch)
    {
        foreach (uint vcpu in watch.SteppedVCpus.Distinct()) Stop(vcpu);
    }

    /// <summary>Takes note of an answer that switches a vCPU's stepping over.</summary>
    public void SwitchOver(uint vcpu)
    {
        if (!_switchedOver.Remove(vcpu)) _switchedOver.Add(vcpu);
    }

    /// <summary>Has a vCPU step until <see cref="EndStepOver"/>, whether it does already or not.</summary>
    public void BeginStepOver(uint vcpu)
    {
        monitor.SetSingleStep(vcpu, enable: true);
        _steppingOver.Add(vcpu);
    }

    /// <summary>Has a vCPU step no longer, unless it did before.</summary>
    /// <param name="vcpu">The vCPU.</param>
    /// <param name="switchesOver">The answer will switch its stepping over, and has been noted.</param>
    public void EndStepOver(uint vcpu, bool switchesOver)
    {
        _steppingOver.Remove(vcpu);
        bool wanted = _users.ContainsKey(vcpu) != _switchedOver.Contains(vcpu);
        monitor.SetSingleStep(vcpu, enable: wanted != switchesOver);
    }

    /// <summary>No vCPU is in the midst of stepping over any more: what they wait for does not come.</summary>
    public void ForgetStepsOver() => _steppingOver.Clear();

    /// <summary>Has no vCPU step any more, also none that an answer has made step, but for those that step over.</summary>
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
