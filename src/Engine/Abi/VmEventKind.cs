namespace XenVmEvent.Abi;

/// <summary>What happened in the guest: Xen's <c>VM_EVENT_REASON_*</c>, with Xen's numbers.</summary>
public enum VmEventKind
{
    /// <summary>A reason that this program does not know.</summary>
    Unknown = 0,

    /// <summary>A page was read, written or executed in violation of its permissions.</summary>
    MemAccess = 1,

    /// <summary>A shared page could not be unshared.</summary>
    MemSharing = 2,

    /// <summary>A paged-out page was accessed.</summary>
    MemPaging = 3,

    /// <summary>CR0, CR3, CR4 or XCR0 is about to be written.</summary>
    WriteControlRegister = 4,

    /// <summary>A model-specific register is about to be written.</summary>
    MovToMsr = 5,

    /// <summary>INT3 was executed.</summary>
    SoftwareBreakpoint = 6,

    /// <summary>One instruction was executed with single-stepping on.</summary>
    SingleStep = 7,

    /// <summary>The guest asked for attention with <c>HVMOP_guest_request_vm_event</c>.</summary>
    GuestRequest = 8,

    /// <summary>A debug exception (#DB) was raised.</summary>
    DebugException = 9,

    /// <summary>CPUID was executed.</summary>
    Cpuid = 10,

    /// <summary>A privileged call (arm64: SMC) was made.</summary>
    PrivilegedCall = 11,

    /// <summary>The interrupt that was asked for was delivered.</summary>
    Interrupt = 12,

    /// <summary>The IDTR, GDTR, LDTR or TR was loaded or stored.</summary>
    DescriptorAccess = 13,

    /// <summary>Xen could not emulate an instruction.</summary>
    EmulUnimplemented = 14,

    /// <summary>The vCPU left guest mode.</summary>
    VmExit = 15,

    /// <summary>An I/O instruction was executed.</summary>
    Io = 16,
}
