namespace XenVmEvent.Hypervisor;

/// <summary>
/// The events that a host can raise for a domain: bit n is <c>XEN_DOMCTL_MONITOR_EVENT</c> n of Xen's public/domctl.h.
/// </summary>
[Flags]
public enum MonitorCapabilities : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Writes of control registers.</summary>
    WriteControlRegister = 1 << 0,

    /// <summary>Writes of model-specific registers.</summary>
    MovToMsr = 1 << 1,

    /// <summary>Single steps.</summary>
    SingleStep = 1 << 2,

    /// <summary>INT3.</summary>
    SoftwareBreakpoint = 1 << 3,

    /// <summary>The guest's own requests.</summary>
    GuestRequest = 1 << 4,

    /// <summary>Debug exceptions.</summary>
    DebugException = 1 << 5,

    /// <summary>CPUID.</summary>
    Cpuid = 1 << 6,

    /// <summary>Privileged calls.</summary>
    PrivilegedCall = 1 << 7,

    /// <summary>Interrupts.</summary>
    Interrupt = 1 << 8,

    /// <summary>Descriptor table accesses.</summary>
    DescriptorAccess = 1 << 9,

    /// <summary>Instructions that Xen cannot emulate.</summary>
    EmulUnimplemented = 1 << 10,

    /// <summary>Suppression of page faults inside the guest.</summary>
    InguestPagefault = 1 << 11,

    /// <summary>Exits from guest mode.</summary>
    VmExit = 1 << 12,

    /// <summary>I/O instructions.</summary>
    Io = 1 << 13,
}
