using XenVmEvent.Abi;

namespace XenVmEvent.Simulation;

/// <summary>The addresses of a simulated guest's code, and what it meets there.</summary>
internal static class GuestCode
{
    /// <summary>Linear address of guest physical 0 as code.</summary>
    public const ulong KernelText = 0xffff_ffff_8100_0000;

    /// <summary>Linear address of guest physical 0 as data.</summary>
    public const ulong DirectMap = 0xffff_8880_0000_0000;

    /// <summary>The instruction INT3.</summary>
    public const byte Int3 = 0xcc;

    public const byte DebugVector = 1;
    public const byte BreakpointVector = 3;
    public const byte InvalidOpcodeVector = 6;
    public const byte DoubleFaultVector = 8;
    public const byte TimerVector = 0xec;
    public const uint NoErrorCode = uint.MaxValue;

    /// <summary>Intel's interruption types.</summary>
    public const byte ExternalInterrupt = 0;

    /// <inheritdoc cref="ExternalInterrupt"/>
    public const byte HardwareException = 3;

    /// <inheritdoc cref="ExternalInterrupt"/>
    public const byte SoftwareInterrupt = 4;

    /// <inheritdoc cref="ExternalInterrupt"/>
    public const byte SoftwareException = 6;

    /// <summary>The page with the code of the first kind of action; the others follow.</summary>
    private const ulong FirstCodeGfn = 0x10;

    /// <summary>Whether arm64 has such an instruction; if not, its guests do nothing instead.</summary>
    public static bool IsOfArm64(GuestActionKind kind) => kind is GuestActionKind.Nop or GuestActionKind.WritePage or GuestActionKind.ReadPage
        or GuestActionKind.ExecutePage or GuestActionKind.WalkPageTable or GuestActionKind.GuestRequest or GuestActionKind.PrivilegedCall
        or GuestActionKind.Raise;

    /// <summary>
    /// The address of the instruction for an action: always the same for a kind, or the page that it executes.
    /// </summary>
    public static ulong AddressOf(GuestAction action) =>
        action.Kind == GuestActionKind.ExecutePage ? KernelText + action.Target : AddressOf(action.Kind);

    /// <summary>The address of the instruction for a kind of action that has a fixed place.</summary>
    public static ulong AddressOf(GuestActionKind kind) => KernelText + (FirstCodeGfn + (ulong)kind) * GuestMemory.PageSize + 0x120;

    /// <summary>The page of a code address.</summary>
    public static ulong GfnOf(ulong rip) => (rip - KernelText) / GuestMemory.PageSize;

    /// <summary>
    /// Intel's basic exit reason for an external interrupt, which is taken before anybody is told of the exit.
    /// </summary>
    public const uint InterruptExit = 1;

    /// <summary>Intel's basic exit reason for the monitor trap flag.</summary>
    public const uint MonitorTrapExit = 37;

    /// <summary>Intel's basic exit reason with which an action leaves guest mode; null if it does not.</summary>
    public static uint? ExitReason(GuestAction action) => action.Kind switch
    {
        GuestActionKind.Breakpoint or GuestActionKind.DebugException => 0,
        GuestActionKind.Interrupt or GuestActionKind.InterruptOnStack => InterruptExit,
        GuestActionKind.Cpuid => 10,
        GuestActionKind.GuestRequest => 18,
        GuestActionKind.WriteCR0 or GuestActionKind.WriteCR3 or GuestActionKind.WriteCR4 => 28,
        GuestActionKind.PortIo => 30,
        GuestActionKind.WriteMsr => 32,
        GuestActionKind.WriteXcr0 => 55,
        _ => null,
    };

    /// <summary>What Intel's processors report about an exit besides its reason.</summary>
    public static ulong ExitQualification(GuestAction action) => action.Kind switch
    {
        GuestActionKind.WriteCR3 => 3,
        GuestActionKind.WriteCR4 => 4,
        GuestActionKind.PortIo =>
            ((action.Value >> 8) - 1) | (1 - (action.Value & 1)) << 3 | (action.Value >> 1 & 1) << 4 | action.Target << 16,
        _ => 0,
    };

    /// <summary>The results of CPUID: plausible for the leaves that a guest asks for first.</summary>
    public static void Cpuid(uint leaf, uint subleaf, GuestRegisters registers)
    {
        (uint a, uint b, uint c, uint d) = leaf switch
        {
            0 => (0x16u, 0x756e_6547u, 0x6c65_746eu, 0x4965_6e69u),
            1 => (0x0005_06e3u, 0x0010_0800u, 0xfffa_3203u, 0x1f8b_fbffu),
            7 when subleaf == 0 => (0u, 0x009c_4fbbu, 0u, 0x9c00_0000u),
            0x4000_0000 => (0x4000_0005u, 0x566e_6558u, 0x6558_4d4du, 0x4d4d_566eu),
            0x8000_0000 => (0x8000_0008u, 0u, 0u, 0u),
            _ => (0u, 0u, 0u, 0u),
        };
        registers[VmEventField.Rax] = a;
        registers[VmEventField.Rbx] = b;
        registers[VmEventField.Rcx] = c;
        registers[VmEventField.Rdx] = d;
    }
}
