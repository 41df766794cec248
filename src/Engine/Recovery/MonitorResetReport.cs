using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Recovery;

/// <summary>What <see cref="MonitorReset"/> found and did.</summary>
public sealed class MonitorResetReport
{
    internal MonitorResetReport(
        XenDomain domain,
        bool wasMonitored,
        IReadOnlyList<uint> frozenVCpus,
        IReadOnlyList<uint> stillFrozenVCpus,
        bool pageAccessRestored,
        IReadOnlyList<XenException> failures,
        int pausesUndone,
        int breakpointsRemoved)
    {
        Domain = domain;
        WasMonitored = wasMonitored;
        FrozenVCpus = new TextList<uint>(frozenVCpus);
        StillFrozenVCpus = new TextList<uint>(stillFrozenVCpus);
        PageAccessRestored = pageAccessRestored;
        Failures = new TextList<XenException>(failures);
        PausesUndone = pausesUndone;
        BreakpointsRemoved = breakpointsRemoved;
    }

    /// <summary>The domain.</summary>
    public XenDomain Domain { get; }

    /// <summary>Its monitor was enabled.</summary>
    public bool WasMonitored { get; }

    /// <summary>The vCPUs that seemed frozen before: neither running nor idle, and without progress.</summary>
    public IReadOnlyList<uint> FrozenVCpus { get; }

    /// <summary>Those of them that still seem frozen.</summary>
    public IReadOnlyList<uint> StillFrozenVCpus { get; }

    /// <summary>
    /// Every page can be read, written and executed again; a page that was left restricted, from its first access on.
    /// False if this host cannot restrict pages, or if it failed.
    /// </summary>
    public bool PageAccessRestored { get; }

    /// <summary>Steps that failed; the others were still done.</summary>
    public IReadOnlyList<XenException> Failures { get; }

    /// <summary>How many pauses of the domain by killed processes were undone.</summary>
    public int PausesUndone { get; }

    /// <summary>How many breakpoints listeners had set in its code.</summary>
    public int BreakpointsRemoved { get; }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Domain}: {(WasMonitored ? "was monitored" : "was not monitored")}, {FrozenVCpus.Count} vCPUs frozen, {StillFrozenVCpus.Count} still";
}
