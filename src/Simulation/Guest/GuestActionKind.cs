namespace XenVmEvent.Simulation;

/// <summary>What one instruction of a simulated guest does.</summary>
public enum GuestActionKind
{
    /// <summary>Nothing.</summary>
    Nop,

    /// <summary>Writes data to a page.</summary>
    WritePage,

    /// <summary>Reads data from a page.</summary>
    ReadPage,

    /// <summary>Executes code in a page.</summary>
    ExecutePage,

    /// <summary>Makes the processor mark a page table entry as used: a write to the page table's page.</summary>
    WalkPageTable,

    /// <summary>Writes data to a page with an instruction that Xen cannot emulate.</summary>
    WritePageWithVector,

    /// <summary>CPUID.</summary>
    Cpuid,

    /// <summary>Writes CR0.</summary>
    WriteCR0,

    /// <summary>Writes CR3.</summary>
    WriteCR3,

    /// <summary>Writes CR4.</summary>
    WriteCR4,

    /// <summary>Writes XCR0.</summary>
    WriteXcr0,

    /// <summary>Writes a model-specific register.</summary>
    WriteMsr,

    /// <summary>INT3.</summary>
    Breakpoint,

    /// <summary>Hits a hardware breakpoint: #DB.</summary>
    DebugException,

    /// <summary>Loads or stores IDTR, GDTR, LDTR or TR.</summary>
    DescriptorAccess,

    /// <summary>Asks the listener for attention: <c>HVMOP_guest_request_vm_event</c>.</summary>
    GuestRequest,

    /// <summary>Reads or writes an I/O port.</summary>
    PortIo,

    /// <summary>Takes a timer interrupt.</summary>
    Interrupt,

    /// <summary>SMC on arm64.</summary>
    PrivilegedCall,

    /// <summary>Takes a timer interrupt, whose frame the processor writes to a page.</summary>
    InterruptOnStack,

    /// <summary>INT n, whose frame the processor writes to a page.</summary>
    SoftwareInterrupt,

    /// <summary>Raises an event that no instruction of a guest raises. No workload does this by itself.</summary>
    Raise,
}
