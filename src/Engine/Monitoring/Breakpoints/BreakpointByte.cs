using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>A byte of the guest's code in whose place there is INT3.</summary>
internal sealed class BreakpointByte(BreakpointPlace place)
{
    public BreakpointPlace Place { get; } = place;

    public ulong Gfn { get; } = place.Physical / SharedMemory.PageSize;

    /// <summary>Null while there is certainly no INT3.</summary>
    public IBreakpointNote? Note { get; set; }

    /// <summary>How many watches want it.</summary>
    public int Users { get; set; } = 1;

    /// <summary>While the guest has its own byte for a moment; otherwise null.</summary>
    public BriefLift? Lift { get; set; }

    /// <summary>The guest has its own byte because its page is open.</summary>
    public bool IsRevealed { get; set; }

    /// <summary>Somebody was told what goes wrong with it.</summary>
    public bool IsTold { get; set; }
}
