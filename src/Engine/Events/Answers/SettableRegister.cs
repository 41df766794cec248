namespace XenVmEvent.Events;

/// <summary>
/// A register that a response can set with <c>VM_EVENT_FLAG_SET_REGISTERS</c>. Xen ignores all others (Xen's
/// arch/x86/hvm/vm_event.c and arch/arm/vm_event.c).
/// </summary>
public enum SettableRegister
{
    /// <summary>RAX.</summary>
    Rax,

    /// <summary>RCX.</summary>
    Rcx,

    /// <summary>RDX.</summary>
    Rdx,

    /// <summary>RBX.</summary>
    Rbx,

    /// <summary>The stack pointer.</summary>
    Rsp,

    /// <summary>RBP.</summary>
    Rbp,

    /// <summary>RSI.</summary>
    Rsi,

    /// <summary>RDI.</summary>
    Rdi,

    /// <summary>R8.</summary>
    R8,

    /// <summary>R9.</summary>
    R9,

    /// <summary>R10.</summary>
    R10,

    /// <summary>R11.</summary>
    R11,

    /// <summary>R12.</summary>
    R12,

    /// <summary>R13.</summary>
    R13,

    /// <summary>R14.</summary>
    R14,

    /// <summary>R15.</summary>
    R15,

    /// <summary>The flags.</summary>
    Rflags,

    /// <summary>The instruction pointer.</summary>
    Rip,

    /// <summary>The program counter, the only settable register on arm64.</summary>
    Pc,
}
