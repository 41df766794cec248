namespace XenVmEvent.Abi;

/// <summary>
/// Flags of a request or a response: Xen's <c>VM_EVENT_FLAG_*</c>. Those after the first two say what a response asks
/// for.
/// </summary>
[Flags]
public enum VmEventFlags : uint
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>Request: the vCPU is paused until it is answered. Response: resume it.</summary>
    VCpuPaused = 1 << 0,

    /// <summary>The event was caused by a domain other than the one it is about.</summary>
    Foreign = 1 << 1,

    /// <summary>Emulate the instruction that caused the event.</summary>
    Emulate = 1 << 2,

    /// <summary>With <see cref="Emulate"/>: discard the instruction's writes.</summary>
    EmulateNoWrite = 1 << 3,

    /// <summary>Toggle single-stepping of the vCPU.</summary>
    ToggleSingleStep = 1 << 4,

    /// <summary>The response carries the data that the emulated instruction reads.</summary>
    SetEmulReadData = 1 << 5,

    /// <summary>Do not do the register write that the event announced.</summary>
    Deny = 1 << 6,

    /// <summary>Request: the event came from an altp2m view. Response: switch the vCPU to this view.</summary>
    AlternateP2m = 1 << 7,

    /// <summary>The response carries registers for the vCPU.</summary>
    SetRegisters = 1 << 8,

    /// <summary>The response carries the instruction bytes to emulate.</summary>
    SetEmulInsnData = 1 << 9,

    /// <summary>Raise an event for the vCPU's next interrupt.</summary>
    GetNextInterrupt = 1 << 10,

    /// <summary>Step once and switch to this altp2m view (interface version 6 and later).</summary>
    FastSingleStep = 1 << 11,

    /// <summary>The event came from a nested guest (interface version 7).</summary>
    NestedP2m = 1 << 12,

    /// <summary>Reset the processor trace buffer (interface version 7).</summary>
    ResetVmtrace = 1 << 13,

    /// <summary>Reset a forked domain's vCPU state (interface version 7).</summary>
    ResetForkState = 1 << 14,

    /// <summary>Reset a forked domain's memory (interface version 7).</summary>
    ResetForkMemory = 1 << 15,
}
