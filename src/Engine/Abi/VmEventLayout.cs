namespace XenVmEvent.Abi;

/// <summary>
/// The offsets of a vm_event request's or response's fields in one interface version (<c>VM_EVENT_INTERFACE_VERSION</c>
/// of Xen's public/vm_event.h). They are the same on x86-64 and arm64, because every field has a fixed width. They were
/// measured by compiling each release's public header.
/// </summary>
public sealed class VmEventLayout
{
    /// <summary>The oldest interface version known (Xen 4.8).</summary>
    public const int OldestVersion = 2;

    /// <summary>The newest interface version known (Xen 4.15 to 4.22).</summary>
    public const int NewestVersion = 7;

    // The header is the same in all versions. Every event needs it, so it is read without a lookup.
    internal const int VersionOffset = 0;
    internal const int FlagsOffset = 4;
    internal const int ReasonOffset = 8;
    internal const int VCpuIdOffset = 12;
    internal const int HeaderSize = 16;

    /// <summary>Bytes of the largest request in any version.</summary>
    internal const int LargestSize = 400;

    private const int Absent = -1;

    private static readonly int[] Sizes = [312, 312, 376, 384, 384, 400];
    private static readonly VmEventLayout[] Known = MeasureAll();

    private readonly short[] _offsets = new short[Enum.GetValues<VmEventField>().Length];
    private readonly byte[] _widths = new byte[Enum.GetValues<VmEventField>().Length];

    private VmEventLayout(int version)
    {
        Version = version;
        Size = Sizes[version - OldestVersion];
    }

    /// <summary>The interface version, <see cref="OldestVersion"/> to <see cref="NewestVersion"/>.</summary>
    public int Version { get; }

    /// <summary>Bytes of one request or response.</summary>
    public int Size { get; }

    /// <summary>The layout of an interface version.</summary>
    /// <exception cref="XenException">This program does not know the version.</exception>
    public static VmEventLayout ForVersion(int version) =>
        version is >= OldestVersion and <= NewestVersion
            ? Known[version - OldestVersion]
            : throw new XenException(
                XenErrorId.UnknownInterfaceVersion,
                $"This Xen uses vm_event interface version {version}; versions {OldestVersion} to {NewestVersion} are supported.",
                "Install a release of XenVmEvent that supports this Xen.");

    /// <summary>How many bytes of data an emulated instruction can be given to read: 252 or more.</summary>
    public int ReadDataCapacity => Size - OffsetOf(VmEventField.EmulReadData);

    /// <summary>The flags that a request or response can have in this version.</summary>
    internal VmEventFlags KnownFlags => Version switch
    {
        <= 5 => (VmEventFlags)((uint)VmEventFlags.FastSingleStep - 1),
        6 => (VmEventFlags)((uint)VmEventFlags.NestedP2m - 1),
        _ => (VmEventFlags)(((uint)VmEventFlags.ResetForkMemory << 1) - 1),
    };

    /// <summary>Byte offset of a field; negative if this version does not have it.</summary>
    internal int OffsetOf(VmEventField field) => _offsets[(int)field];

    /// <summary>Bytes of a field: 1, 2, 4 or 8; for an array, of its first element.</summary>
    internal int WidthOf(VmEventField field) => _widths[(int)field];

    internal bool Has(VmEventField field) => OffsetOf(field) != Absent;

    private static VmEventLayout[] MeasureAll()
    {
        VmEventLayout[] all = [.. Enumerable.Range(OldestVersion, Sizes.Length).Select(v => new VmEventLayout(v))];

        // Field, width in bytes, offset in versions 2 to 7 (-1: not in that version).
        Header(VmEventField.Version, VersionOffset);
        Header(VmEventField.Flags, FlagsOffset);
        Header(VmEventField.Reason, ReasonOffset);
        Header(VmEventField.VCpuId, VCpuIdOffset);
        Row(VmEventField.Altp2mIndex, 2, 16, 16, 16, 16, 16, 16);
        Row(VmEventField.MemPagingGfn, 8, 24, 24, 24, 24, 24, 24);
        Row(VmEventField.MemPagingType, 4, 32, 32, 32, 32, 32, 32);
        Row(VmEventField.MemPagingFlags, 4, 36, 36, 36, 36, 36, 36);
        Row(VmEventField.MemSharingGfn, 8, 24, 24, 24, 24, 24, 24);
        Row(VmEventField.MemSharingType, 4, 32, 32, 32, 32, 32, 32);
        Row(VmEventField.MemAccessGfn, 8, 24, 24, 24, 24, 24, 24);
        Row(VmEventField.MemAccessOffset, 8, 32, 32, 32, 32, 32, 32);
        Row(VmEventField.MemAccessGla, 8, 40, 40, 40, 40, 40, 40);
        Row(VmEventField.MemAccessFlags, 4, 48, 48, 48, 48, 48, 48);
        Row(VmEventField.ControlRegisterIndex, 4, 24, 24, 24, 24, 24, 24);
        Row(VmEventField.ControlRegisterNewValue, 8, 32, 32, 32, 32, 32, 32);
        Row(VmEventField.ControlRegisterOldValue, 8, 40, 40, 40, 40, 40, 40);
        Row(VmEventField.Msr, 8, 24, 24, 24, 24, 24, 24);
        Row(VmEventField.MsrNewValue, 8, 32, 32, 32, 32, 32, 32);
        Row(VmEventField.MsrOldValue, 8, -1, 40, 40, 40, 40, 40);
        Row(VmEventField.DescriptorInstructionInfo, 4, 24, 24, 24, 24, 24, 24);
        Row(VmEventField.DescriptorExitQualification, 8, 32, 32, 32, 32, 32, 32);
        Row(VmEventField.Descriptor, 1, 40, 40, 40, 40, 40, 40);
        Row(VmEventField.DescriptorIsWrite, 1, 41, 41, 41, 41, 41, 41);
        Row(VmEventField.SingleStepGfn, 8, 24, 24, 24, 24, 24, 24);
        Row(VmEventField.FastSingleStepView, 2, -1, -1, -1, -1, 24, 24);
        Row(VmEventField.BreakpointGfn, 8, 24, 24, 24, 24, 24, 24);
        Row(VmEventField.BreakpointInstructionLength, 4, 32, 32, 32, 32, 40, 40);
        Row(VmEventField.BreakpointType, 1, 36, 36, 36, 36, 44, 44);
        Row(VmEventField.DebugGfn, 8, 24, 24, 24, 24, 24, 24);
        Row(VmEventField.DebugPendingDebug, 8, -1, -1, -1, -1, 32, 32);
        Row(VmEventField.DebugInstructionLength, 4, 32, 32, 32, 32, 40, 40);
        Row(VmEventField.DebugType, 1, 36, 36, 36, 36, 44, 44);
        Row(VmEventField.CpuidInstructionLength, 4, 24, 24, 24, 24, 24, 24);
        Row(VmEventField.CpuidLeaf, 4, 28, 28, 28, 28, 28, 28);
        Row(VmEventField.CpuidSubleaf, 4, 32, 32, 32, 32, 32, 32);
        Row(VmEventField.VmExitReason, 8, -1, -1, -1, -1, -1, 24);
        Row(VmEventField.VmExitQualification, 8, -1, -1, -1, -1, -1, 32);
        Row(VmEventField.IoBytes, 4, -1, -1, -1, -1, -1, 24);
        Row(VmEventField.IoPort, 2, -1, -1, -1, -1, -1, 28);
        Row(VmEventField.IoIn, 1, -1, -1, -1, -1, -1, 30);
        Row(VmEventField.IoString, 1, -1, -1, -1, -1, -1, 31);
        Row(VmEventField.InterruptVector, 4, 24, 24, 24, 24, 24, 24);
        Row(VmEventField.InterruptType, 4, 28, 28, 28, 28, 28, 28);
        Row(VmEventField.InterruptErrorCode, 4, 32, 32, 32, 32, 32, 32);
        Row(VmEventField.InterruptCr2, 8, 40, 40, 40, 40, 40, 40);
        Row(VmEventField.EmulReadSize, 4, 56, 56, 56, 56, 56, 56);
        Row(VmEventField.EmulReadData, 1, 60, 60, 60, 60, 60, 60);
        Row(VmEventField.EmulInsnData, 1, 56, 56, 56, 56, 56, 56);
        Row(VmEventField.ArmTtbr0, 8, 56, 56, 56, 56, 56, 56);
        Row(VmEventField.ArmTtbr1, 8, 64, 64, 64, 64, 64, 64);
        Row(VmEventField.ArmTtbcr, 8, 72, 72, 72, 72, 72, 72);
        Row(VmEventField.ArmPc, 8, 80, 80, 80, 80, 80, 80);
        Row(VmEventField.ArmCpsr, 4, 88, 88, 88, 88, 88, 88);
        Row(VmEventField.Rax, 8, 56, 56, 56, 56, 56, 56);
        Row(VmEventField.Rcx, 8, 64, 64, 64, 64, 64, 64);
        Row(VmEventField.Rdx, 8, 72, 72, 72, 72, 72, 72);
        Row(VmEventField.Rbx, 8, 80, 80, 80, 80, 80, 80);
        Row(VmEventField.Rsp, 8, 88, 88, 88, 88, 88, 88);
        Row(VmEventField.Rbp, 8, 96, 96, 96, 96, 96, 96);
        Row(VmEventField.Rsi, 8, 104, 104, 104, 104, 104, 104);
        Row(VmEventField.Rdi, 8, 112, 112, 112, 112, 112, 112);
        Row(VmEventField.R8, 8, 120, 120, 120, 120, 120, 120);
        Row(VmEventField.R9, 8, 128, 128, 128, 128, 128, 128);
        Row(VmEventField.R10, 8, 136, 136, 136, 136, 136, 136);
        Row(VmEventField.R11, 8, 144, 144, 144, 144, 144, 144);
        Row(VmEventField.R12, 8, 152, 152, 152, 152, 152, 152);
        Row(VmEventField.R13, 8, 160, 160, 160, 160, 160, 160);
        Row(VmEventField.R14, 8, 168, 168, 168, 168, 168, 168);
        Row(VmEventField.R15, 8, 176, 176, 176, 176, 176, 176);
        Row(VmEventField.Rflags, 8, 184, 184, 184, 184, 184, 184);
        Row(VmEventField.Dr6, 8, -1, -1, 192, 192, 192, 192);
        Row(VmEventField.Dr7, 8, 192, 192, 200, 200, 200, 200);
        Row(VmEventField.Rip, 8, 200, 200, 208, 208, 208, 208);
        Row(VmEventField.Cr0, 8, 208, 208, 216, 216, 216, 216);
        Row(VmEventField.Cr2, 8, 216, 216, 224, 224, 224, 224);
        Row(VmEventField.Cr3, 8, 224, 224, 232, 232, 232, 232);
        Row(VmEventField.Cr4, 8, 232, 232, 240, 240, 240, 240);
        Row(VmEventField.SysenterCs, 8, 240, 240, 248, 248, 248, 248);
        Row(VmEventField.SysenterEsp, 8, 248, 248, 256, 256, 256, 256);
        Row(VmEventField.SysenterEip, 8, 256, 256, 264, 264, 264, 264);
        Row(VmEventField.MsrEfer, 8, 264, 264, 272, 272, 272, 272);
        Row(VmEventField.MsrStar, 8, 272, 272, 280, 280, 280, 280);
        Row(VmEventField.MsrLstar, 8, 280, 280, 288, 288, 288, 288);
        Row(VmEventField.GdtrBase, 8, -1, -1, -1, 296, 296, 296);
        Row(VmEventField.GdtrLimit, 2, -1, -1, -1, 368, 368, 384);
        Row(VmEventField.NptBase, 8, -1, -1, -1, -1, -1, 304);
        Row(VmEventField.VmtracePosition, 8, -1, -1, -1, -1, -1, 312);
        Row(VmEventField.FsBase, 8, 288, 288, 312, 320, 320, 336);
        Row(VmEventField.GsBase, 8, 296, 296, 320, 328, 328, 344);
        Row(VmEventField.ShadowGs, 8, -1, -1, 352, 360, 360, 376);
        Row(VmEventField.CsBase, 4, -1, -1, 296, 304, 304, 320);
        Row(VmEventField.SsBase, 4, -1, -1, 300, 308, 308, 324);
        Row(VmEventField.DsBase, 4, -1, -1, 304, 312, 312, 328);
        Row(VmEventField.EsBase, 4, -1, -1, 308, 316, 316, 332);
        Row(VmEventField.CsDescriptor, 4, -1, -1, 328, 336, 336, 352);
        Row(VmEventField.SsDescriptor, 4, -1, -1, 332, 340, 340, 356);
        Row(VmEventField.DsDescriptor, 4, -1, -1, 336, 344, 344, 360);
        Row(VmEventField.EsDescriptor, 4, -1, -1, 340, 348, 348, 364);
        Row(VmEventField.FsDescriptor, 4, -1, -1, 344, 352, 352, 368);
        Row(VmEventField.GsDescriptor, 4, -1, -1, 348, 356, 356, 372);
        Row(VmEventField.CsSelector, 2, -1, -1, 360, 370, 370, 386);
        Row(VmEventField.SsSelector, 2, -1, -1, 362, 372, 372, 388);
        Row(VmEventField.DsSelector, 2, -1, -1, 364, 374, 374, 390);
        Row(VmEventField.EsSelector, 2, -1, -1, 366, 376, 376, 392);
        Row(VmEventField.FsSelector, 2, -1, -1, 368, 378, 378, 394);
        Row(VmEventField.GsSelector, 2, -1, -1, 370, 380, 380, 396);
        Row(VmEventField.CsAccessRights, 4, 304, 304, -1, -1, -1, -1);
        return all;

        void Header(VmEventField field, short offset) => Row(field, sizeof(uint), offset, offset, offset, offset, offset, offset);

        void Row(VmEventField field, byte width, params ReadOnlySpan<short> offsets)
        {
            for (int i = 0; i < all.Length; i++)
            {
                all[i]._offsets[(int)field] = offsets[i];
                all[i]._widths[(int)field] = width;
            }
        }
    }
}
