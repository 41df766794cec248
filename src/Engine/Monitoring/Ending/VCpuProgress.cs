using System.Diagnostics;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Tells when every vCPU has run on since a moment. Then Xen has done everything that it still had to do for the vCPU
/// on its way back to the guest. An idle vCPU had nothing left to do.
/// </summary>
internal sealed class VCpuProgress
{
    /// <summary>
    /// Much longer than Xen works for a vCPU before the vCPU goes on, in nanoseconds of the vCPU's own run time.
    /// </summary>
    private const ulong LongestReturn = 1_000_000;

    private readonly IDomainMonitor _monitor;
    private readonly Dictionary<uint, ulong> _ranBefore = [];
    private readonly long _start = Stopwatch.GetTimestamp();

    public VCpuProgress(IDomainMonitor monitor, int vcpus)
    {
        _monitor = monitor;
        for (uint vcpu = 0; vcpu < vcpus; vcpu++)
        {
            VCpuState state = StateOf(vcpu);
            if (!state.IsBlocked) _ranBefore.Add(vcpu, state.RunTime);
        }
    }

    /// <summary>How long ago the moment was.</summary>
    public TimeSpan Time => Stopwatch.GetElapsedTime(_start);

    /// <summary>Checks the vCPUs that had not run on yet.</summary>
    public bool HaveAllRun()
    {
        foreach ((uint vcpu, ulong before) in _ranBefore)
        {
            VCpuState state = StateOf(vcpu);
            if (state.IsBlocked || state.RunTime - before >= LongestReturn) _ranBefore.Remove(vcpu);
        }

        return _ranBefore.Count == 0;
    }

    private VCpuState StateOf(uint vcpu) => Retry.WhileRefused(() => _monitor.GetVCpuState(vcpu));
}
