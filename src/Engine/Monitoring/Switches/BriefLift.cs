using System.Diagnostics;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>Something that is off briefly, so that vCPUs get past what would raise its event again and again.</summary>
internal sealed class BriefLift(IDomainMonitor monitor)
{
    /// <summary>The longest wait for a vCPU that does not run.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Much longer than Xen takes to bring a vCPU back to the instruction that it stopped at, in nanoseconds of the
    /// vCPU's own run time.
    /// </summary>
    private const ulong LongestReturn = 100_000;

    private readonly Dictionary<uint, ulong> _ranBefore = [];
    private long _since;

    /// <summary>The shortest time: enough for a running vCPU to do what it stopped at.</summary>
    public static TimeSpan ShortestLift { get; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Whether every vCPU that it was lifted for has run on.</summary>
    public bool IsOver
    {
        get
        {
            TimeSpan elapsed = Stopwatch.GetElapsedTime(_since);
            return elapsed >= Longest || (elapsed >= ShortestLift && _ranBefore.All(HasRunOn));
        }
    }

    /// <summary>Waits for this vCPU too.</summary>
    public void LetPass(uint vcpu)
    {
        _ranBefore[vcpu] = monitor.GetVCpuState(vcpu).RunTime;
        _since = Stopwatch.GetTimestamp();
    }

    /// <summary>An idle vCPU has done what it stopped at.</summary>
    private bool HasRunOn(KeyValuePair<uint, ulong> before)
    {
        VCpuState state = monitor.GetVCpuState(before.Key);
        return state.IsBlocked || state.RunTime - before.Value >= LongestReturn;
    }
}
