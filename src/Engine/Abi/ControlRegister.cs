namespace XenVmEvent.Abi;

/// <summary>
/// The control registers whose writes can be watched: Xen's <c>VM_EVENT_X86_*</c>, with Xen's numbers.
/// </summary>
public enum ControlRegister
{
    /// <summary>CR0.</summary>
    CR0 = 0,

    /// <summary>CR3, the page table base.</summary>
    CR3 = 1,

    /// <summary>CR4.</summary>
    CR4 = 2,

    /// <summary>XCR0.</summary>
    Xcr0 = 3,
}
