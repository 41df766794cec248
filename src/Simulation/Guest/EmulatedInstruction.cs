using System.Buffers.Binary;
using XenVmEvent.Abi;

namespace XenVmEvent.Simulation;

/// <summary>
/// Xen's emulator, as far as it is needed for instructions that an answer carries as bytes: NOP, PUSH of a register and
/// MOV of a constant to a register.
/// </summary>
internal static class EmulatedInstruction
{
    private const byte Nop = 0x90;
    private const byte Push = 0x50;
    private const byte MovConstant = 0xb8;
    private const byte Rex = 0x40;
    private const byte RexW = 0x48;
    private const byte RexB = 0x41;

    /// <summary>Executes the first instruction.</summary>
    /// <returns>Its length; 0 if it cannot be emulated.</returns>
    public static uint Execute(ReadOnlySpan<byte> code, GuestRegisters registers)
    {
        byte prefix = (byte)((code[0] & 0xf0) == Rex ? code[0] : 0);
        int at = prefix == 0 ? 0 : 1;
        byte opcode = code[at];
        VmEventField register = VmEventField.Rax + (opcode & 7) + ((prefix & RexB) == RexB ? 8 : 0);
        switch (opcode & 0xf8)
        {
            case Nop when opcode == Nop:
                return (uint)at + 1;
            case Push:
                registers[VmEventField.Rsp] -= sizeof(ulong);
                return (uint)at + 1;
            case MovConstant when (prefix & RexW) == RexW:
                registers[register] = BinaryPrimitives.ReadUInt64LittleEndian(code[(at + 1)..]);
                return (uint)at + 1 + sizeof(ulong);
            case MovConstant:
                registers[register] = BinaryPrimitives.ReadUInt32LittleEndian(code[(at + 1)..]);
                return (uint)at + 1 + sizeof(uint);
            default:
                return 0;
        }
    }
}
