using XenVmEvent.Abi;

namespace XenVmEvent.Simulation;

/// <summary>
/// What a vCPU does by itself: the same kinds of action, round after round, each with a target and a value from a
/// seeded generator.
/// </summary>
public sealed class Workload
{
    /// <summary>The pages that are executed, at any offset.</summary>
    internal const int FirstExecutedGfn = 0x80;

    /// <inheritdoc cref="FirstExecutedGfn"/>
    internal const int ExecutedPages = 0x80;

    private const int FirstHotGfn = 0x100;
    private const int HotPages = 0x10;

    private static readonly uint[] Leaves = [0, 1, 7, 0x4000_0000, 0x8000_0000];
    private static readonly uint[] WrittenMsrs = [Msr.Lstar, Msr.TscAux, Msr.SysenterCs, Msr.SysenterEsp, Msr.SysenterEip];
    private static readonly ushort[] Ports = [0x70, 0x71, 0x80, 0x3f8];

    private readonly GuestActionKind[] _round;

    /// <summary>Makes a workload of these actions, in this order.</summary>
    public Workload(params IEnumerable<GuestActionKind> round) => _round = [.. round];

    /// <summary>No actions: the vCPUs do only what they are told to.</summary>
    public static Workload Idle { get; } = new();

    /// <summary>Every kind of instruction in turn, and a timer interrupt, so that whatever is watched raises events.</summary>
    public static Workload Everything { get; } = new(Enum.GetValues<GuestActionKind>().Where(k => k < GuestActionKind.InterruptOnStack));

    /// <summary>The actions of a round.</summary>
    public IReadOnlyList<GuestActionKind> Round => _round;

    /// <summary>The next action of a kind.</summary>
    internal static GuestAction Choose(GuestActionKind kind, Random random, GuestRegisters registers, int pages) => kind switch
    {
        GuestActionKind.WritePage => GuestAction.WritePage(DataGfn(random, pages), Offset(random), (ulong)random.NextInt64()),
        GuestActionKind.ReadPage => GuestAction.ReadPage(DataGfn(random, pages), Offset(random)),
        GuestActionKind.ExecutePage => GuestAction.ExecutePage((ulong)random.Next(FirstExecutedGfn, FirstExecutedGfn + ExecutedPages), Offset(random)),
        GuestActionKind.WalkPageTable => GuestAction.WalkPageTable(DataGfn(random, pages), Offset(random)),
        GuestActionKind.WritePageWithVector => GuestAction.WritePageWithVector(DataGfn(random, pages), Offset(random), (ulong)random.NextInt64()),
        GuestActionKind.Cpuid => GuestAction.Cpuid(Pick(Leaves, random), fromProgram: true),
        GuestActionKind.WriteCR0 => Flip(registers, ControlRegister.CR0, 1 << 3),
        GuestActionKind.WriteCR3 => Flip(registers, ControlRegister.CR3, (ulong)random.Next(1, GuestImage.Programs) << 12),

        // Linux flips PGE (bit 7) to flush the TLB, which listeners ignore; it seldom writes the other bits here.
        GuestActionKind.WriteCR4 => Flip(registers, ControlRegister.CR4, 1 << 2 | (ulong)random.Next(2) << 7),
        GuestActionKind.WriteXcr0 => Flip(registers, ControlRegister.Xcr0, 1 << 2),
        GuestActionKind.WriteMsr => GuestAction.WriteMsr(Pick(WrittenMsrs, random), (ulong)random.NextInt64() & 0xffff_ffff),
        GuestActionKind.Breakpoint => GuestAction.Breakpoint(),
        GuestActionKind.DebugException => GuestAction.DebugException(),
        GuestActionKind.DescriptorAccess => GuestAction.DescriptorAccess((byte)random.Next(1, 5), random.Next(2) == 1),
        GuestActionKind.GuestRequest => GuestAction.GuestRequest(fromUserspace: random.Next(4) == 0),
        GuestActionKind.PortIo => GuestAction.PortIo(Pick(Ports, random), random.Next(2) == 1),
        GuestActionKind.Interrupt => GuestAction.Interrupt(),
        GuestActionKind.PrivilegedCall => GuestAction.PrivilegedCall(),
        GuestActionKind.InterruptOnStack => GuestAction.InterruptOnStack(DataGfn(random, pages), Offset(random)),
        GuestActionKind.SoftwareInterrupt => GuestAction.SoftwareInterrupt(DataGfn(random, pages), Offset(random)),
        _ => GuestAction.Nop(),
    };

    /// <summary>Half of all data is in a few pages, as in most programs.</summary>
    private static ulong DataGfn(Random random, int pages) =>
        (ulong)(random.Next(2) == 0 ? random.Next(FirstHotGfn, FirstHotGfn + HotPages) : random.Next(FirstHotGfn, pages));

    private static int Offset(Random random) => random.Next(GuestMemory.PageSize / 8) * 8;

    private static T Pick<T>(T[] from, Random random) => from[random.Next(from.Length)];

    private static GuestAction Flip(GuestRegisters registers, ControlRegister register, ulong bits) =>
        GuestAction.WriteControlRegister(register, registers[register] ^ bits);
}
