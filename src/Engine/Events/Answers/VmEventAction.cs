namespace XenVmEvent.Events;

/// <summary>What becomes of the instruction that raised an event.</summary>
public enum VmEventAction
{
    /// <summary>
    /// It goes on as if nobody had watched: the page gets its rights back (or, kept watched, the instruction is emulated),
    /// the breakpoint or exception reaches the guest, the register write is done, CPUID is stepped over.
    /// </summary>
    Continue,

    /// <summary>The guest gets its breakpoint or debug exception, of the type and instruction length that Xen reported.</summary>
    Reinject,

    /// <summary>The guest never learns of the breakpoint or debug exception: it goes on behind it.</summary>
    Skip,

    /// <summary>Xen emulates it; a page stays watched.</summary>
    Emulate,

    /// <summary>Xen emulates it and discards what it writes; a page stays watched.</summary>
    EmulateNoWrite,

    /// <summary>The register write is not done.</summary>
    Deny,
}
