using System.Diagnostics.CodeAnalysis;
using Iced.Intel;

namespace XenVmEvent.Disassembly;

/// <summary>Writes x86 instructions as text, in Intel's syntax. Used by one thread.</summary>
public sealed class Disassembler
{
    /// <summary>The longest instruction of x86, in bytes.</summary>
    public const int LongestInstruction = 15;

    private readonly IntelFormatter _formatter;
    private readonly StringOutput _output = new();

    /// <param name="nameOf">The symbol at an address, if it has one; null: addresses stay numbers.</param>
    public Disassembler(Func<ulong, string?>? nameOf = null)
    {
        _formatter = new IntelFormatter(nameOf is null ? null : new Names(nameOf));
        _formatter.Options.HexPrefix = "0x";
        _formatter.Options.HexSuffix = null;
        _formatter.Options.UppercaseHex = false;
        _formatter.Options.SpaceAfterOperandSeparator = true;
        _formatter.Options.FirstOperandCharIndex = 0;
    }

    /// <summary>Disassembles the first instruction of some code.</summary>
    /// <param name="code">Its bytes, or as many as there are.</param>
    /// <param name="instructionPointer">Its address.</param>
    /// <param name="bits">16, 32 or 64.</param>
    /// <returns>Null if the bytes are not an instruction, or only part of one.</returns>
    public string? Disassemble(byte[] code, ulong instructionPointer, int bits)
    {
        Decoder decoder = Decoder.Create(bits, code, instructionPointer);
        decoder.Decode(out Instruction instruction);
        if (decoder.LastError != DecoderError.None) return null;
        _formatter.Format(instruction, _output);
        return _output.ToStringAndReset();
    }

    private sealed class Names(Func<ulong, string?> nameOf) : ISymbolResolver
    {
        public bool TryGetSymbol(
            in Instruction instruction, int operand, int instructionOperand, ulong address, int addressSize, [NotNullWhen(true)] out SymbolResult symbol)
        {
            string? name = nameOf(address);
            symbol = name is null ? default : new SymbolResult(address, name);
            return name is not null;
        }
    }
}
