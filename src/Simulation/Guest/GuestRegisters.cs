using XenVmEvent.Abi;

namespace XenVmEvent.Simulation;

/// <summary>
/// The registers of a simulated vCPU: those of a 64-bit kernel at work. On arm64 the program counter takes RIP's place.
/// </summary>
internal sealed class GuestRegisters
{
    /// <summary>RAX to R15.</summary>
    public const int GeneralCount = VmEventField.R15 - VmEventField.Rax + 1;

    private const uint WholeSpace = 0xfffff;
    private const uint Code = WholeSpace | 0xa9bu << 20;
    private const uint Data = WholeSpace | 0xc93u << 20;

    private const ulong ArmKernelMode = 0x6000_0005;

    private readonly int _vcpu;
    private readonly bool _isArm;
    private readonly ulong[] _general = new ulong[GeneralCount];
    private readonly ulong[] _control = new ulong[4];

    public GuestRegisters(int vcpu, GuestArchitecture architecture)
    {
        _vcpu = vcpu;
        _isArm = architecture == GuestArchitecture.Arm64;
        GsBase = 0xffff_8880_0f00_0000 + (ulong)vcpu * 0x4_0000;
        Reset();
    }

    public ulong Rip { get; set; }

    public ulong Rflags { get; set; }

    public ulong GsBase { get; }

    public ulong Cr2 { get; } = 0x7f12_3456_7000;

    /// <summary>Model-specific registers; one that is not listed here is 0.</summary>
    public Dictionary<uint, ulong> Msrs { get; } = [];

    /// <summary>Restores their initial values.</summary>
    public void Reset()
    {
        for (int i = 0; i < GeneralCount; i++) _general[i] = 0x1000_0000UL * (ulong)i + (ulong)_vcpu;
        this[VmEventField.Rsp] = 0xffff_c900_0000_3e00 + (ulong)_vcpu * 0x4000;
        this[VmEventField.Rbp] = this[VmEventField.Rsp] + 0x40;
        Rip = 0;
        Rflags = 0x246;
        this[ControlRegister.CR0] = 0x8005_0033;
        this[ControlRegister.CR3] = GuestImage.FirstTables;
        this[ControlRegister.CR4] = 0x0037_06e0;
        this[ControlRegister.Xcr0] = 0x7;
        Msrs.Clear();
        Msrs[Msr.SysenterCs] = 0x10;
        Msrs[Msr.SysenterEsp] = 0xffff_fe00_0000_3000;
        Msrs[Msr.SysenterEip] = 0xffff_ffff_81a0_1520;
        Msrs[Msr.Efer] = 0xd01;
        Msrs[Msr.Star] = 0x0023_0010_0000_0000;
        Msrs[Msr.Lstar] = 0xffff_ffff_81a0_0000;
    }

    /// <summary>One of RAX to R15.</summary>
    public ulong this[VmEventField register]
    {
        get => _general[register - VmEventField.Rax];
        set => _general[register - VmEventField.Rax] = value;
    }

    /// <summary>A control register.</summary>
    public ulong this[ControlRegister register]
    {
        get => Volatile.Read(ref _control[(int)register]);
        set => Volatile.Write(ref _control[(int)register], value);
    }

    /// <summary>
    /// Takes RAX to R15, RFLAGS and RIP from a response, which is all that Xen lets a listener set; on arm64 the
    /// program counter.
    /// </summary>
    public void Take(RequestReader response)
    {
        if (_isArm)
        {
            Rip = response.UInt64(VmEventField.ArmPc);
            return;
        }

        for (int i = 0; i < GeneralCount; i++) _general[i] = response.UInt64(VmEventField.Rax + i);
        Rflags = response.UInt64(VmEventField.Rflags);
        Rip = response.UInt64(VmEventField.Rip);
    }

    /// <summary>Writes what never changes: the segments.</summary>
    public void WriteFixed(ResponseWriter request)
    {
        if (_isArm)
        {
            request.Set(VmEventField.ArmCpsr, ArmKernelMode);
            request.Set(VmEventField.ArmTtbr0, 0x4123_4000);
            request.Set(VmEventField.ArmTtbr1, 0x4100_0000);
            request.Set(VmEventField.ArmTtbcr, 0x0032_b550_3510);
            return;
        }

        request.Set(VmEventField.Dr6, 0xffff_0ff0);
        request.Set(VmEventField.Dr7, 0x400);
        request.Set(VmEventField.GdtrBase, 0xffff_fe00_0000_1000);
        request.Set(VmEventField.GdtrLimit, 0x7f);
        request.Set(VmEventField.VmtracePosition, ulong.MaxValue);
        request.Set(VmEventField.GsBase, GsBase);
        request.Set(VmEventField.CsDescriptor, Code);
        request.Set(VmEventField.SsDescriptor, Data);
        request.Set(VmEventField.DsDescriptor, Data);
        request.Set(VmEventField.EsDescriptor, Data);
        request.Set(VmEventField.FsDescriptor, Data);
        request.Set(VmEventField.GsDescriptor, Data);
        request.Set(VmEventField.CsSelector, 0x10);
        request.Set(VmEventField.SsSelector, 0x18);
        request.Set(VmEventField.CsAccessRights, Code >> 20);
    }

    /// <summary>Writes the segments of a program instead of the kernel's.</summary>
    public static void WriteUserSegments(EventRequest request)
    {
        const uint dpl3 = 3u << 25;
        request.Set(VmEventField.CsDescriptor, Code | dpl3)
            .Set(VmEventField.SsDescriptor, Data | dpl3)
            .Set(VmEventField.CsSelector, 0x33)
            .Set(VmEventField.SsSelector, 0x2b)
            .Set(VmEventField.CsAccessRights, (Code | dpl3) >> 20);
    }

    /// <summary>Writes what changes.</summary>
    public void WriteCurrent(ResponseWriter request)
    {
        if (_isArm)
        {
            request.Set(VmEventField.ArmPc, Rip);
            return;
        }

        for (int i = 0; i < GeneralCount; i++) request.Set(VmEventField.Rax + i, _general[i]);
        request.Set(VmEventField.Rflags, Rflags);
        request.Set(VmEventField.Rip, Rip);
        request.Set(VmEventField.Cr0, this[ControlRegister.CR0]);
        request.Set(VmEventField.Cr2, Cr2);
        request.Set(VmEventField.Cr3, this[ControlRegister.CR3]);
        request.Set(VmEventField.Cr4, this[ControlRegister.CR4]);
        request.Set(VmEventField.SysenterCs, Msrs[Msr.SysenterCs]);
        request.Set(VmEventField.SysenterEsp, Msrs[Msr.SysenterEsp]);
        request.Set(VmEventField.SysenterEip, Msrs[Msr.SysenterEip]);
        request.Set(VmEventField.MsrEfer, Msrs[Msr.Efer]);
        request.Set(VmEventField.MsrStar, Msrs[Msr.Star]);
        request.Set(VmEventField.MsrLstar, Msrs[Msr.Lstar]);
    }
}
