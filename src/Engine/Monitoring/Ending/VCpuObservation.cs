using System.Diagnostics;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>Tells frozen vCPUs from idle ones by observing them for a while.</summary>
internal static class VCpuObservation
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(10);

    /// <inheritdoc cref="FindFrozen(IDomainControl, IEnumerable{uint}, TimeSpan)"/>
    public static IReadOnlyList<uint> FindFrozen(IDomainControl control, int vcpus, TimeSpan time) =>
        FindFrozen(control, Enumerable.Range(0, vcpus).Select(v => (uint)v), time);

    /// <summary>
    /// The vCPUs that were neither running nor idle whenever they were checked, and have not run in between.
    /// </summary>
    /// <param name="control">The domain.</param>
    /// <param name="vcpus">The vCPUs to observe.</param>
    /// <param name="time">
    /// The longest time to observe; a busy host may keep a vCPU waiting for tens of milliseconds.
    /// </param>
    public static IReadOnlyList<uint> FindFrozen(IDomainControl control, IEnumerable<uint> vcpus, TimeSpan time)
    {
        Dictionary<uint, ulong> suspects = [];
        foreach (uint vcpu in vcpus)
        {
            if (StandsStill(control, vcpu, out ulong runTime)) suspects.Add(vcpu, runTime);
        }

        long start = Stopwatch.GetTimestamp();
        while (suspects.Count > 0 && Stopwatch.GetElapsedTime(start) < time)
        {
            Thread.Sleep(Step);
            foreach ((uint vcpu, ulong before) in suspects)
            {
                if (!StandsStill(control, vcpu, out ulong now) || now != before) suspects.Remove(vcpu);
            }
        }

        // An array, because PowerShell cannot index what a collection expression makes here.
        return suspects.Keys.ToArray();
    }

    private static bool StandsStill(IDomainControl control, uint vcpu, out ulong runTime)
    {
        VCpuState state = control.GetVCpuState(vcpu);
        runTime = state.RunTime;
        return !state.IsRunning && !state.IsBlocked;
    }
}
