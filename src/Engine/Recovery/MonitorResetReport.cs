using XenVmEvent.Hypervisor;

namespace XenVmEvent.Recovery;

/// <summary>What <see cref="MonitorReset"/> found and did.</summary>
/// <param name="Domain">The domain.</param>
/// <param name="WasMonitored">Its monitor was enabled.</param>
/// <param name="FrozenVCpus">The vCPUs that looked frozen before: neither running, nor waiting of themselves, and without progress.</param>
/// <param name="StillFrozenVCpus">Those of them that look so still.</param>
/// <param name="PageAccessRestored">Every page can be read, written and executed again, one that was left restricted from its first touch on; false where this host cannot restrict pages, or where that failed.</param>
public sealed record MonitorResetReport(
    XenDomain Domain,
    bool WasMonitored,
    IReadOnlyList<uint> FrozenVCpus,
    IReadOnlyList<uint> StillFrozenVCpus,
    bool PageAccessRestored)
{
    /// <summary>Steps that failed; the others were done all the same.</summary>
    public IReadOnlyList<XenException> Failures { get; init; } = [];

    /// <summary>How many pauses of the domain were undone that processes had left which were killed.</summary>
    public int PausesUndone { get; init; }
}
