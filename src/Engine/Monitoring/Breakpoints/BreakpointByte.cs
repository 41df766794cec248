using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>A byte of the guest's code in whose place there is INT3.</summary>
internal sealed class BreakpointByte(BreakpointPlace place, IBreakpointNote note)
{
    public BreakpointPlace Place { get; } = place;

    public IBreakpointNote Note { get; } = note;

    /// <summary>How many watches want it.</summary>
    public int Users { get; set; } = 1;

    /// <summary>While the guest has its own byte for a moment; otherwise null.</summary>
    public BriefLift? Lift { get; set; }

    /// <summary>Somebody was told what goes wrong with it.</summary>
    public bool IsTold { get; set; }
}
