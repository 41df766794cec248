using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>
/// The registers of a vCPU that Xen reports on x86. A register that the interface version lacks is 0.
/// </summary>
public sealed class X86Registers : VCpuRegisters
{
    private const ulong Cr0ProtectionEnable = 1;
    private const ulong EferLongModeActive = 1 << 10;

    internal X86Registers(VmEvent vmEvent) : base(vmEvent)
    {
    }

    /// <summary>RAX.</summary>
    public ulong Rax => this[VmEventField.Rax];

    /// <summary>RBX.</summary>
    public ulong Rbx => this[VmEventField.Rbx];

    /// <summary>RCX.</summary>
    public ulong Rcx => this[VmEventField.Rcx];

    /// <summary>RDX.</summary>
    public ulong Rdx => this[VmEventField.Rdx];

    /// <summary>RSI.</summary>
    public ulong Rsi => this[VmEventField.Rsi];

    /// <summary>RDI.</summary>
    public ulong Rdi => this[VmEventField.Rdi];

    /// <summary>RBP.</summary>
    public ulong Rbp => this[VmEventField.Rbp];

    /// <summary>The stack pointer.</summary>
    public ulong Rsp => this[VmEventField.Rsp];

    /// <summary>R8.</summary>
    public ulong R8 => this[VmEventField.R8];

    /// <summary>R9.</summary>
    public ulong R9 => this[VmEventField.R9];

    /// <summary>R10.</summary>
    public ulong R10 => this[VmEventField.R10];

    /// <summary>R11.</summary>
    public ulong R11 => this[VmEventField.R11];

    /// <summary>R12.</summary>
    public ulong R12 => this[VmEventField.R12];

    /// <summary>R13.</summary>
    public ulong R13 => this[VmEventField.R13];

    /// <summary>R14.</summary>
    public ulong R14 => this[VmEventField.R14];

    /// <summary>R15.</summary>
    public ulong R15 => this[VmEventField.R15];

    /// <summary>The instruction pointer.</summary>
    public ulong Rip => this[VmEventField.Rip];

    /// <summary>The flags.</summary>
    public ulong Rflags => this[VmEventField.Rflags];

    /// <summary>CR0.</summary>
    public ulong Cr0 => this[VmEventField.Cr0];

    /// <summary>CR2.</summary>
    public ulong Cr2 => this[VmEventField.Cr2];

    /// <summary>CR3, the page table base.</summary>
    public ulong Cr3 => this[VmEventField.Cr3];

    /// <summary>CR4.</summary>
    public ulong Cr4 => this[VmEventField.Cr4];

    /// <summary>DR6.</summary>
    public ulong Dr6 => this[VmEventField.Dr6];

    /// <summary>DR7.</summary>
    public ulong Dr7 => this[VmEventField.Dr7];

    /// <summary>EFER, the extended features.</summary>
    public ulong MsrEfer => this[VmEventField.MsrEfer];

    /// <summary>STAR, the SYSCALL segments.</summary>
    public ulong MsrStar => this[VmEventField.MsrStar];

    /// <summary>LSTAR, the 64-bit SYSCALL entry.</summary>
    public ulong MsrLstar => this[VmEventField.MsrLstar];

    /// <summary>IA32_SYSENTER_CS.</summary>
    public ulong SysenterCs => this[VmEventField.SysenterCs];

    /// <summary>IA32_SYSENTER_ESP.</summary>
    public ulong SysenterEsp => this[VmEventField.SysenterEsp];

    /// <summary>IA32_SYSENTER_EIP.</summary>
    public ulong SysenterEip => this[VmEventField.SysenterEip];

    /// <summary>The base of FS.</summary>
    public ulong FsBase => this[VmEventField.FsBase];

    /// <summary>The base of GS.</summary>
    public ulong GsBase => this[VmEventField.GsBase];

    /// <summary>IA32_KERNEL_GS_BASE (interface version 4 and later).</summary>
    public ulong ShadowGs => this[VmEventField.ShadowGs];

    /// <summary>The linear address of the GDT (interface version 5 and later).</summary>
    public ulong GdtrBase => this[VmEventField.GdtrBase];

    /// <summary>The last byte of the GDT (interface version 5 and later).</summary>
    public ushort GdtrLimit => (ushort)this[VmEventField.GdtrLimit];

    /// <summary>
    /// The guest physical address of a nested hypervisor's page tables, for an event of its guest (interface version
    /// 7).
    /// </summary>
    public ulong NptBase => this[VmEventField.NptBase];

    /// <summary>The position in the processor trace buffer; all ones if there is none (interface version 7).</summary>
    public ulong VmtracePosition => this[VmEventField.VmtracePosition];

    /// <summary>The mode in which the vCPU executes instructions.</summary>
    public X86Mode Mode
    {
        get
        {
            if ((Cr0 & Cr0ProtectionEnable) == 0) return X86Mode.Real;
            X86Segment code = Cs;
            if ((MsrEfer & EferLongModeActive) != 0 && code.IsLong) return X86Mode.Bits64;
            return code.IsBig ? X86Mode.Bits32 : X86Mode.Bits16;
        }
    }

    /// <summary>The privilege level (CPL), from 0 for the kernel to 3 for programs.</summary>
    public byte PrivilegeLevel => Request.PrivilegeLevel;

    /// <summary>The code segment. Interface version 4 and later; earlier versions have only its attributes.</summary>
    public X86Segment Cs => new(
        (ushort)this[VmEventField.CsSelector],
        this[VmEventField.CsBase],
        (uint)(this[VmEventField.CsDescriptor] | this[VmEventField.CsAccessRights] << 20));

    /// <summary>The stack segment. Interface version 4 and later.</summary>
    public X86Segment Ss => new((ushort)this[VmEventField.SsSelector], this[VmEventField.SsBase], (uint)this[VmEventField.SsDescriptor]);

    /// <summary>The data segment. Interface version 4 and later.</summary>
    public X86Segment Ds => new((ushort)this[VmEventField.DsSelector], this[VmEventField.DsBase], (uint)this[VmEventField.DsDescriptor]);

    /// <summary>The extra segment. Interface version 4 and later.</summary>
    public X86Segment Es => new((ushort)this[VmEventField.EsSelector], this[VmEventField.EsBase], (uint)this[VmEventField.EsDescriptor]);

    /// <summary>The FS segment. Interface version 4 and later.</summary>
    public X86Segment Fs => new((ushort)this[VmEventField.FsSelector], this[VmEventField.FsBase], (uint)this[VmEventField.FsDescriptor]);

    /// <summary>The GS segment. Interface version 4 and later.</summary>
    public X86Segment Gs => new((ushort)this[VmEventField.GsSelector], this[VmEventField.GsBase], (uint)this[VmEventField.GsDescriptor]);

    private protected override IEnumerable<(string Name, ulong Value)> Numbers() =>
    [
        ("rax", Rax), ("rbx", Rbx), ("rcx", Rcx), ("rdx", Rdx), ("rsi", Rsi), ("rdi", Rdi), ("rbp", Rbp), ("rsp", Rsp),
        ("r8", R8), ("r9", R9), ("r10", R10), ("r11", R11), ("r12", R12), ("r13", R13), ("r14", R14), ("r15", R15),
        ("rip", Rip), ("rflags", Rflags), ("cr0", Cr0), ("cr2", Cr2), ("cr3", Cr3), ("cr4", Cr4), ("dr6", Dr6), ("dr7", Dr7),
        ("efer", MsrEfer), ("star", MsrStar), ("lstar", MsrLstar), ("se_cs", SysenterCs), ("se_esp", SysenterEsp), ("se_eip", SysenterEip),
        ("fs", FsBase), ("gs", GsBase), ("kgs", ShadowGs), ("gdtr", GdtrBase), ("gdtlim", GdtrLimit), ("npt", NptBase),
    ];

    private protected override IEnumerable<string> Others() => [$"cs {Cs}", $"ss {Ss}", $"{Mode}, privilege level {PrivilegeLevel}"];
}

/// <summary>The mode in which an x86 vCPU executes instructions.</summary>
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
