using XenVmEvent.Abi;

namespace XenVmEvent.Simulation;

/// <summary>
/// One instruction for a simulated guest to execute. The methods that make it are named after what it does.
/// </summary>
public readonly record struct GuestAction
{
    private GuestAction(GuestActionKind kind, ulong target = 0, ulong value = 0)
    {
        Kind = kind;
        Target = target;
        Value = value;
    }

    /// <summary>What it does.</summary>
    public GuestActionKind Kind { get; }

    /// <summary>Its target: the guest physical address, MSR, CPUID leaf, descriptor table or port.</summary>
    internal ulong Target { get; }

    /// <summary>The value written, the CPUID subleaf, or option bits: see the methods.</summary>
    internal ulong Value { get; }

    /// <summary>Does nothing.</summary>
    public static GuestAction Nop() => new(GuestActionKind.Nop);

    /// <summary>Writes 8 bytes to a page.</summary>
    public static GuestAction WritePage(ulong gfn, int offset, ulong value) => new(GuestActionKind.WritePage, Address(gfn, offset), value);

    /// <summary>Reads 8 bytes from a page into RAX.</summary>
    public static GuestAction ReadPage(ulong gfn, int offset = 0) => new(GuestActionKind.ReadPage, Address(gfn, offset));

    /// <summary>Executes one instruction in a page.</summary>
    public static GuestAction ExecutePage(ulong gfn, int offset = 0) => new(GuestActionKind.ExecutePage, Address(gfn, offset));

    /// <summary>Makes the processor write to a page that holds a page table.</summary>
    public static GuestAction WalkPageTable(ulong gfn, int offset = 0) => new(GuestActionKind.WalkPageTable, Address(gfn, offset));

    /// <summary>Writes 8 bytes to a page with an instruction that Xen cannot emulate.</summary>
    public static GuestAction WritePageWithVector(ulong gfn, int offset, ulong value) => new(GuestActionKind.WritePageWithVector, Address(gfn, offset), value);

    /// <summary>Executes CPUID, in the guest's kernel or in one of its programs.</summary>
    public static GuestAction Cpuid(uint leaf, uint subleaf = 0, bool fromProgram = false) =>
        new(GuestActionKind.Cpuid, leaf, subleaf | (fromProgram ? 1UL << 32 : 0));

    /// <summary>Writes a control register.</summary>
    public static GuestAction WriteControlRegister(ControlRegister register, ulong value) =>
        new(GuestActionKind.WriteCR0 + (int)register, (ulong)register, value);

    /// <summary>Writes a model-specific register.</summary>
    public static GuestAction WriteMsr(uint msr, ulong value) => new(GuestActionKind.WriteMsr, msr, value);

    /// <summary>Executes INT3.</summary>
    public static GuestAction Breakpoint() => new(GuestActionKind.Breakpoint);

    /// <summary>Hits a hardware breakpoint.</summary>
    public static GuestAction DebugException() => new(GuestActionKind.DebugException);

    /// <summary>
    /// Loads (writes) or stores (reads) a descriptor table register: Xen's <c>VM_EVENT_DESC_*</c>, 1 IDTR, 2 GDTR, 3
    /// LDTR, 4 TR.
    /// </summary>
    public static GuestAction DescriptorAccess(byte descriptor, bool isWrite) =>
        new(GuestActionKind.DescriptorAccess, descriptor, isWrite ? 1UL : 0);

    /// <summary>Asks the listener for attention, from the kernel or a program.</summary>
    public static GuestAction GuestRequest(bool fromUserspace = false) => new(GuestActionKind.GuestRequest, value: fromUserspace ? 1UL : 0);

    /// <summary>Makes a privileged call: SMC on arm64. Nothing on x86.</summary>
    public static GuestAction PrivilegedCall() => new(GuestActionKind.PrivilegedCall);

    /// <summary>Reads or writes an I/O port: 1, 2 or 4 bytes, with a string instruction or not.</summary>
    public static GuestAction PortIo(ushort port, bool isRead, byte bytes = 1, bool isString = false) =>
        new(GuestActionKind.PortIo, port, (isRead ? 0UL : 1) | (isString ? 2UL : 0) | (ulong)bytes << 8);

    /// <summary>Takes a timer interrupt.</summary>
    public static GuestAction Interrupt() => new(GuestActionKind.Interrupt);

    /// <summary>Takes a timer interrupt on a stack: the processor writes 8 bytes of its frame to a page.</summary>
    public static GuestAction InterruptOnStack(ulong gfn, int offset = 0) => new(GuestActionKind.InterruptOnStack, Address(gfn, offset));

    /// <summary>Executes INT n, for which the processor writes to a stack in the same way.</summary>
    public static GuestAction SoftwareInterrupt(ulong gfn, int offset = 0) => new(GuestActionKind.SoftwareInterrupt, Address(gfn, offset));

    /// <summary>
    /// Raises an event of any reason, even one that Xen never raises on this channel or that only a future Xen knows.
    /// </summary>
    internal static GuestAction Raise(uint reason) => new(GuestActionKind.Raise, reason);

    private static ulong Address(ulong gfn, int offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, GuestMemory.PageSize - sizeof(ulong));
        return gfn * GuestMemory.PageSize + (ulong)offset;
    }
}
