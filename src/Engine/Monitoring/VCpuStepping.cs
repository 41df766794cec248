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

    /// <summary>Has no vCPU step any more, also none that an answer has made step.</summary>
    public void StopAll()
    {
        if (!_mayStep) return;
        _users.Clear();
        for (uint vcpu = 0; vcpu < vcpus; vcpu++) monitor.SetSingleStep(vcpu, enable: false);
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
