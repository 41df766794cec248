using System.Buffers.Binary;
using XenVmEvent.Abi;

namespace XenVmEvent.Simulation;

/// <summary>
/// The contents of a simulated guest's memory when it starts: the code that it executes and, on x86, its page tables.
/// </summary>
internal static class GuestImage
{
    /// <summary>
    /// How many programs the kernel switches between; a power of two. They share all tables except the first.
    /// </summary>
    public const int Programs = 4;

    /// <summary>
    /// Guest physical address of the first program's tables. The program's number is in the bits above the page offset.
    /// </summary>
    public const ulong FirstTables = 8 * GuestMemory.PageSize;

    private const ulong DirectTable = FirstTables + Programs * GuestMemory.PageSize;
    private const ulong KernelTable = DirectTable + GuestMemory.PageSize;
    private const ulong KernelDirectory = KernelTable + GuestMemory.PageSize;

    private const byte NoOp = 0x90;
    private const int Entries = 512;
    private const ulong Table = 0x67;
    private const ulong LargePage = 0xe3;
    private const int GigabyteBits = 30;
    private const int LargePageBits = 21;

    /// <summary>Loads it.</summary>
    public static void Load(GuestMemory memory, GuestArchitecture architecture)
    {
        foreach (GuestActionKind kind in Enum.GetValues<GuestActionKind>())
        {
            if (kind == GuestActionKind.ExecutePage) continue;
            memory.Write(GuestCode.AddressOf(kind) - GuestCode.KernelText, architecture == GuestArchitecture.Arm64 ? Arm64Code(kind) : X86Code(kind));
        }

        if (architecture == GuestArchitecture.X86) LoadPageTables(memory);
    }

    /// <summary>
    /// The contents of a page that was never written: zeros, or no-ops where code that the guest executes may begin
    /// anywhere.
    /// </summary>
    public static byte Filler(ulong gfn) => gfn is >= Workload.FirstExecutedGfn and < Workload.FirstExecutedGfn + Workload.ExecutedPages ? NoOp : (byte)0;

    /// <summary>
    /// Maps all memory as data from <see cref="GuestCode.DirectMap"/> on, and as code from
    /// <see cref="GuestCode.KernelText"/> on.
    /// </summary>
    private static void LoadPageTables(GuestMemory memory)
    {
        for (ulong program = 0; program < Programs; program++)
        {
            ulong tables = FirstTables + program * GuestMemory.PageSize;
            SetEntry(memory, tables, Index(GuestCode.DirectMap, 39), DirectTable | Table);
            SetEntry(memory, tables, Index(GuestCode.KernelText, 39), KernelTable | Table);
        }

        for (int i = 0; i < Entries; i++) SetEntry(memory, DirectTable, i, (ulong)i << GigabyteBits | LargePage);
        SetEntry(memory, KernelTable, Index(GuestCode.KernelText, GigabyteBits), KernelDirectory | Table);
        int first = Index(GuestCode.KernelText, LargePageBits);
        for (int i = first; i < Entries; i++) SetEntry(memory, KernelDirectory, i, (ulong)(i - first) << LargePageBits | LargePage);
    }

    private static int Index(ulong linear, int shift) => (int)(linear >> shift & (Entries - 1));

    private static void SetEntry(GuestMemory memory, ulong table, int index, ulong entry) => memory.Write(table + (ulong)index * sizeof(ulong), entry);

    /// <summary>An instruction for the action, with the length that the simulated processor assumes.</summary>
    public static byte[] X86Code(GuestActionKind kind) => kind switch
    {
        GuestActionKind.WritePage or GuestActionKind.WalkPageTable => [0x48, 0x89, 0x47, 0x00], // mov [rdi+0], rax
        GuestActionKind.ReadPage => [0x48, 0x8b, 0x47, 0x00], // mov rax, [rdi+0]
        GuestActionKind.WritePageWithVector => [0xc5, 0xfa, 0x7f, 0x07], // vmovdqu [rdi], xmm0
        GuestActionKind.Cpuid => [0x0f, 0xa2],
        GuestActionKind.WriteCR0 => [0x0f, 0x22, 0xc0], // mov cr0, rax
        GuestActionKind.WriteCR3 => [0x0f, 0x22, 0xd8],
        GuestActionKind.WriteCR4 => [0x0f, 0x22, 0xe0],
        GuestActionKind.WriteXcr0 => [0x0f, 0x01, 0xd1], // xsetbv
        GuestActionKind.WriteMsr => [0x0f, 0x30], // wrmsr
        GuestActionKind.Breakpoint => [0xcc],
        GuestActionKind.DebugException => [0xf1],
        GuestActionKind.DescriptorAccess => [0x0f, 0x01, 0x57, 0x00], // lgdt [rdi+0]
        GuestActionKind.GuestRequest => [0x0f, 0x01, 0xc1], // vmcall
        GuestActionKind.PortIo => [0xee], // out dx, al
        GuestActionKind.Interrupt => [0xf4], // hlt
        GuestActionKind.SoftwareInterrupt => [0xcd, 0x80], // int 0x80
        _ => [NoOp],
    };

    private static byte[] Arm64Code(GuestActionKind kind)
    {
        byte[] code = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(code, kind switch
        {
            GuestActionKind.WritePage or GuestActionKind.WalkPageTable => 0xf900_0020, // str x0, [x1]
            GuestActionKind.ReadPage => 0xf940_0020, // ldr x0, [x1]
            GuestActionKind.GuestRequest => 0xd400_0002 | 0xea1 << 5, // hvc #0xea1
            GuestActionKind.PrivilegedCall => 0xd400_0003, // smc #0
            _ => 0xd503_201f, // nop
        });
        return code;
    }
}
