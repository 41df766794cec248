using System.Buffers.Binary;

namespace XenVmEvent.Abi;

/// <summary>A vm_event request, read in place. A field that its interface version does not have reads as 0.</summary>
internal readonly ref struct RequestReader(ReadOnlySpan<byte> bytes, VmEventLayout layout)
{
    /// <summary>CR0.PG.</summary>
    private const ulong PagingBit = 1UL << 31;

    private readonly ReadOnlySpan<byte> _bytes = bytes[..layout.Size];

    public VmEventLayout Layout { get; } = layout;

    public ReadOnlySpan<byte> Bytes => _bytes;

    public uint Version => Header(VmEventLayout.VersionOffset);

    public VmEventFlags Flags => (VmEventFlags)Header(VmEventLayout.FlagsOffset);

    /// <summary>Xen's number for what happened, whether or not it is known here.</summary>
    public uint Reason => Header(VmEventLayout.ReasonOffset);

    public VmEventKind Kind => Reason is <= (uint)VmEventKind.Io and var reason ? (VmEventKind)reason : VmEventKind.Unknown;

    public uint VCpuId => Header(VmEventLayout.VCpuIdOffset);

    /// <summary>The vCPU is paused until this request is answered.</summary>
    public bool IsSynchronous => (Flags & VmEventFlags.VCpuPaused) != 0;

    /// <summary>
    /// Whether a program of an x86 guest did it, not its kernel. This is told by the privilege level, which is SS's, or
    /// CS's in interface versions that have only CS.
    /// </summary>
    public bool IsFromUserspace => PrivilegeLevel != 0;

    /// <summary>Whether an x86 vCPU was in a program that a kernel runs: at privilege level 3, with paging.</summary>
    public bool IsFromProgram => PrivilegeLevel == 3 && (UInt64(VmEventField.Cr0) & PagingBit) != 0;

    /// <summary>The x86 privilege level, 0 to 3.</summary>
    public byte PrivilegeLevel => (byte)(Layout.Has(VmEventField.SsDescriptor)
        ? UInt32(VmEventField.SsDescriptor) >> 25 & 3
        : UInt32(VmEventField.CsAccessRights) >> 5 & 3);

    /// <summary>The instruction pointer (arm64: program counter).</summary>
    public ulong InstructionPointer(GuestArchitecture architecture) =>
        UInt64(architecture == GuestArchitecture.Arm64 ? VmEventField.ArmPc : VmEventField.Rip);

    public uint UInt32(VmEventField field) => (uint)UInt64(field);

    public ulong UInt64(VmEventField field)
    {
        int offset = Layout.OffsetOf(field);
        if (offset < 0) return 0;
        return Layout.WidthOf(field) switch
        {
            8 => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[offset..]),
            4 => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[offset..]),
            2 => BinaryPrimitives.ReadUInt16LittleEndian(_bytes[offset..]),
            _ => _bytes[offset],
        };
    }

    private uint Header(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[offset..]);
}
