using System.Buffers.Binary;
using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>
/// What must be done before a vCPU runs on: the register write that its event deferred, and what the answer asked for.
/// Used under the domain's gate.
/// </summary>
internal sealed class PendingAnswer(VmEventLayout layout)
{
    private readonly byte[] _registers = new byte[layout.Size];
    private readonly byte[] _emulation = new byte[layout.Size];

    /// <summary>Whether there is anything to do.</summary>
    public bool IsPending { get; private set; }

    /// <summary>Whether to take the response's registers.</summary>
    public bool SetsRegisters { get; private set; }

    /// <summary>The response that carries the registers.</summary>
    public RequestReader Registers => new(_registers, layout);

    /// <summary>How to emulate the instruction: plainly or in one other way; none: do not emulate it.</summary>
    public VmEventFlags Emulation { get; private set; }

    /// <summary>
    /// With <see cref="VmEventFlags.SetEmulReadData"/>: the 8 bytes that the emulated instruction reads, with 0 for
    /// those that the answer lacks.
    /// </summary>
    public ulong ReadData
    {
        get
        {
            Span<byte> read = stackalloc byte[sizeof(ulong)];
            int size = (int)Math.Min(new RequestReader(_emulation, layout).UInt32(VmEventField.EmulReadSize), sizeof(ulong));
            _emulation.AsSpan(layout.OffsetOf(VmEventField.EmulReadData), size).CopyTo(read);
            return BinaryPrimitives.ReadUInt64LittleEndian(read);
        }
    }

    /// <summary>With <see cref="VmEventFlags.SetEmulInsnData"/>: a copy of the instruction to emulate.</summary>
    public byte[] Instruction => _emulation.AsSpan(layout.OffsetOf(VmEventField.EmulInsnData), 16).ToArray();

    /// <summary>Whether the vCPU goes back to the state in which it was forked.</summary>
    public bool ResetsState { get; private set; }

    /// <summary>The deferred write of a control register.</summary>
    public (ControlRegister Register, ulong Value)? ControlRegisterWrite { get; private set; }

    /// <summary>The deferred write of an MSR.</summary>
    public (uint Msr, ulong Value)? MsrWrite { get; private set; }

    /// <summary>The exception to inject into the vCPU.</summary>
    public TrapInjection? Trap { get; private set; }

    public void Defer(ControlRegister register, ulong value)
    {
        ControlRegisterWrite = (register, value);
        IsPending = true;
    }

    public void Defer(uint msr, ulong value)
    {
        MsrWrite = (msr, value);
        IsPending = true;
    }

    public void Inject(TrapInjection trap)
    {
        Trap = trap;
        IsPending = true;
    }

    /// <summary>Emulates as the response asks, if it asks.</summary>
    /// <param name="response">The response, whose data may hold the bytes to read.</param>
    /// <param name="isAsked">Whether it asks for emulation.</param>
    /// <param name="view">The permissions in the vCPU's view.</param>
    public void Emulate(RequestReader response, bool isAsked, PagePermissions view)
    {
        Emulation = isAsked && MayEmulate(response, view) ? KindOf(response.Flags) : VmEventFlags.None;
        if (Emulation == VmEventFlags.None) return;
        response.Bytes.CopyTo(_emulation);
        IsPending = true;
    }

    public void ResetState()
    {
        ResetsState = true;
        IsPending = true;
    }

    /// <summary>Drops the deferred write that the response denies: the one that its reason names.</summary>
    public void Deny(RequestReader response)
    {
        if (response.Kind == VmEventKind.MovToMsr) MsrWrite = null;
        if (response.Kind == VmEventKind.WriteControlRegister
            && ControlRegisterWrite is { } write
            && (uint)write.Register == response.UInt32(VmEventField.ControlRegisterIndex)) ControlRegisterWrite = null;
    }

    public void TakeRegisters(RequestReader response)
    {
        response.Bytes.CopyTo(_registers);
        SetsRegisters = true;
        IsPending = true;
    }

    /// <summary>Forgets what Xen forgets when the monitor is disabled: everything except the exception.</summary>
    public void ForgetAnswer()
    {
        SetsRegisters = false;
        Emulation = VmEventFlags.None;
        ControlRegisterWrite = null;
        MsrWrite = null;
        IsPending = Trap is not null || ResetsState;
    }

    public void Clear()
    {
        Trap = null;
        ResetsState = false;
        ForgetAnswer();
    }

    /// <summary>Xen chooses one of several ways to emulate, in this order.</summary>
    /// <summary>
    /// Whether Xen emulates for this response: for a page access, as long as the permissions forbid what the response
    /// repeats from the request.
    /// </summary>
    private static bool MayEmulate(RequestReader response, PagePermissions view)
    {
        switch (response.Kind)
        {
            case VmEventKind.MemAccess:
                ulong gfn = response.UInt64(VmEventField.MemAccessGfn);
                var access = (MemAccessFlags)response.UInt32(VmEventField.MemAccessFlags)
                    & (MemAccessFlags.Read | MemAccessFlags.Write | MemAccessFlags.Execute);
                return gfn > view.MaximumGfn || view.Forbids(gfn, access, isPageWalk: false);
            case VmEventKind.SoftwareBreakpoint: return (response.Flags & VmEventFlags.SetEmulInsnData) != 0;
            case VmEventKind.DescriptorAccess: return true;
            default: return false;
        }
    }

    private static VmEventFlags KindOf(VmEventFlags flags)
    {
        ReadOnlySpan<VmEventFlags> ways = [VmEventFlags.SetEmulReadData, VmEventFlags.EmulateNoWrite, VmEventFlags.SetEmulInsnData];
        foreach (VmEventFlags way in ways)
        {
            if ((flags & way) != 0) return way;
        }

        return VmEventFlags.Emulate;
    }
}
