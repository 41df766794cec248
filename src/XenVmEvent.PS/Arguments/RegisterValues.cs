using XenVmEvent.Events;

namespace XenVmEvent.PS;

/// <summary>
/// Registers for a vCPU, as <c>@{ Rax = 1; Rip = 0x401000 }</c> names them; those that are null keep their values.
/// </summary>
/// <remarks>One property per register, so that PowerShell completes the names within the braces.</remarks>
public sealed class RegisterValues
{
    /// <summary>RAX.</summary>
    public ulong? Rax { get; set; }

    /// <summary>RCX.</summary>
    public ulong? Rcx { get; set; }

    /// <summary>RDX.</summary>
    public ulong? Rdx { get; set; }

    /// <summary>RBX.</summary>
    public ulong? Rbx { get; set; }

    /// <summary>The stack pointer.</summary>
    public ulong? Rsp { get; set; }

    /// <summary>RBP.</summary>
    public ulong? Rbp { get; set; }

    /// <summary>RSI.</summary>
    public ulong? Rsi { get; set; }

    /// <summary>RDI.</summary>
    public ulong? Rdi { get; set; }

    /// <summary>R8.</summary>
    public ulong? R8 { get; set; }

    /// <summary>R9.</summary>
    public ulong? R9 { get; set; }

    /// <summary>R10.</summary>
    public ulong? R10 { get; set; }

    /// <summary>R11.</summary>
    public ulong? R11 { get; set; }

    /// <summary>R12.</summary>
    public ulong? R12 { get; set; }

    /// <summary>R13.</summary>
    public ulong? R13 { get; set; }

    /// <summary>R14.</summary>
    public ulong? R14 { get; set; }

    /// <summary>R15.</summary>
    public ulong? R15 { get; set; }

    /// <summary>The flags.</summary>
    public ulong? Rflags { get; set; }

    /// <summary>The instruction pointer.</summary>
    public ulong? Rip { get; set; }

    /// <summary>The program counter of arm64, where it is the only one.</summary>
    public ulong? Pc { get; set; }

    /// <summary>The registers that have a value.</summary>
    internal IReadOnlyDictionary<SettableRegister, ulong> ToDictionary() => Enum.GetValues<SettableRegister>()
        .Select(register => (Register: register, Value: (ulong?)GetType().GetProperty(register.ToString())!.GetValue(this)))
        .Where(one => one.Value is not null)
        .ToDictionary(one => one.Register, one => one.Value!.Value);
}
