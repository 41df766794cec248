namespace XenVmEvent.Events;

/// <summary>How an x86 vCPU takes its instructions.</summary>
public enum X86Mode
{
    /// <summary>Real mode: CR0.PE is off.</summary>
    Real,

    /// <summary>Protected mode with 16-bit code, virtual 8086 mode and 16-bit compatibility mode.</summary>
    Bits16,

    /// <summary>Protected mode with 32-bit code, and 32-bit compatibility mode.</summary>
    Bits32,

    /// <summary>64-bit mode.</summary>
    Bits64,
}
