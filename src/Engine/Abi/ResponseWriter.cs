using System.Buffers.Binary;

namespace XenVmEvent.Abi;

/// <summary>
/// Writes a vm_event response (or, for the simulator, a request) into the bytes where Xen will read it.
/// </summary>
internal readonly ref struct ResponseWriter(Span<byte> bytes, VmEventLayout layout)
{
    private readonly Span<byte> _bytes = bytes[..layout.Size];

    /// <summary>Starts the answer to a request: all zero except the fields that every answer repeats.</summary>
    /// <remarks>
    /// If the request was in the same place, these fields keep their values throughout. So even if this process is
    /// killed in the middle, the vCPU can still be found.
    /// </remarks>
    public void Begin(RequestReader request)
    {
        _bytes[VmEventLayout.HeaderSize..].Clear();
        Header(VmEventLayout.VersionOffset, request.Version);
        Header(VmEventLayout.VCpuIdOffset, request.VCpuId);
        Header(VmEventLayout.ReasonOffset, request.Reason);
        Header(VmEventLayout.FlagsOffset, (uint)(request.Flags & VmEventFlags.VCpuPaused));
    }

    /// <summary>Writes a response that resumes a vCPU from whatever event it waits in, and does nothing else.</summary>
    public void Resume(uint vcpu)
    {
        _bytes.Clear();
        Header(VmEventLayout.VersionOffset, (uint)layout.Version);
        Header(VmEventLayout.VCpuIdOffset, vcpu);
        Header(VmEventLayout.FlagsOffset, (uint)VmEventFlags.VCpuPaused);
    }

    public VmEventFlags Flags => (VmEventFlags)BinaryPrimitives.ReadUInt32LittleEndian(_bytes[VmEventLayout.FlagsOffset..]);

    public void AddFlags(VmEventFlags flags) => Header(VmEventLayout.FlagsOffset, (uint)(flags | Flags));

    public void RemoveFlags(VmEventFlags flags) => Header(VmEventLayout.FlagsOffset, (uint)(Flags & ~flags));

    /// <summary>Repeats a field of the request.</summary>
    public void Copy(RequestReader request, VmEventField field) => Set(field, request.UInt64(field));

    /// <summary>Repeats all registers of the request, so that setting some leaves the others unchanged.</summary>
    public void CopyRegisters(RequestReader request)
    {
        int start = layout.OffsetOf(VmEventField.Rax);
        request.Bytes[start..].CopyTo(_bytes[start..]);
    }

    /// <summary>Gives the emulated instruction data to read; at most as much as the layout has room for.</summary>
    public void SetReadData(ReadOnlySpan<byte> data)
    {
        Set(VmEventField.EmulReadSize, (ulong)data.Length);
        data.CopyTo(_bytes[layout.OffsetOf(VmEventField.EmulReadData)..]);
    }

    /// <summary>Gives the emulator an instruction of at most 16 bytes. Xen takes all 16, so the rest is NOP.</summary>
    public void SetInstructionData(ReadOnlySpan<byte> instruction)
    {
        const byte nop = 0x90;
        Span<byte> target = _bytes.Slice(layout.OffsetOf(VmEventField.EmulInsnData), 16);
        target.Fill(nop);
        instruction.CopyTo(target);
    }

    /// <summary>Writes a field; does nothing if this interface version does not have it.</summary>
    public void Set(VmEventField field, ulong value)
    {
        int offset = layout.OffsetOf(field);
        if (offset < 0) return;
        Span<byte> target = _bytes[offset..];
        switch (layout.WidthOf(field))
        {
            case 8: BinaryPrimitives.WriteUInt64LittleEndian(target, value); break;
            case 4: BinaryPrimitives.WriteUInt32LittleEndian(target, (uint)value); break;
            case 2: BinaryPrimitives.WriteUInt16LittleEndian(target, (ushort)value); break;
            default: target[0] = (byte)value; break;
        }
    }

    private void Header(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_bytes[offset..], value);
}
