using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using XenVmEvent.Abi;
using XenVmEvent.Disassembly;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Memory;
using XenVmEvent.Symbols;

namespace XenVmEvent.PS;

/// <summary>
/// Looks up the instruction and the symbol at events' instruction pointers. Used by one thread, except
/// <see cref="Add"/>.
/// </summary>
/// <param name="symbols">The guest's symbols; null: none are looked up.</param>
/// <param name="disassemble">Whether to look up instructions.</param>
internal sealed class EventLookup(SymbolMap? symbols, bool disassemble) : IDisposable
{
    private readonly ConcurrentDictionary<uint, IDomainMemory> _memories = new();
    private readonly InstructionReader? _instructions = disassemble ? CreateReader(symbols) : null;

    /// <summary>Opens the memory of a domain whose events will come.</summary>
    /// <exception cref="XenException">Its instructions cannot be read.</exception>
    public void Add(XenDomain domain)
    {
        if (_instructions is null) return;
        if (XenHost.Current.Architecture != GuestArchitecture.X86)
        {
            throw new XenException(
                XenErrorId.NotSupported, $"The instructions of {domain} are not x86, and only x86 can be disassembled.", "Leave -Disassemble out.");
        }

        _memories[domain.Id] = XenHost.Current.OpenMemory(domain);
    }

    /// <summary>Closes the memory of a domain that is not watched any more.</summary>
    public void Remove(XenDomain domain)
    {
        if (_memories.TryRemove(domain.Id, out IDomainMemory? memory)) memory.Dispose();
    }

    /// <summary>Looks up what was asked for. What cannot be read is left out.</summary>
    public void Complete(VmEvent vmEvent)
    {
        if (symbols is not null) vmEvent.Symbol = symbols.Find(vmEvent.InstructionPointer);
        if (_instructions is null || !_memories.TryGetValue(vmEvent.DomainId, out IDomainMemory? memory)) return;
        try
        {
            vmEvent.Instruction = _instructions.Read(memory, vmEvent);
        }
        catch (XenException)
        {
            // The domain is gone meanwhile, which the watch itself reports.
        }
    }

    public void Dispose()
    {
        foreach (IDomainMemory memory in _memories.Values) memory.Dispose();
        _memories.Clear();
    }

    /// <summary>In its own method, so that the disassembler is loaded only when it is needed.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static InstructionReader CreateReader(SymbolMap? symbols) => new(symbols is null ? null : symbols.Find);

    private sealed class InstructionReader(Func<ulong, string?>? nameOf)
    {
        private readonly Disassembler _disassembler = new(nameOf);
        private readonly byte[] _code = new byte[Disassembler.LongestInstruction];

        public string? Read(IDomainMemory memory, VmEvent vmEvent)
        {
            var registers = (X86Registers)vmEvent.Registers;
            int bits = registers.Mode switch
            {
                X86Mode.Bits64 => 64,
                X86Mode.Bits32 => 32,
                _ => 16,
            };
            ulong address = bits == 64 ? vmEvent.InstructionPointer : (uint)(registers.Cs.Base + vmEvent.InstructionPointer);
            int read = VirtualMemory.Of(memory, vmEvent).Read(address, _code);
            return _disassembler.Disassemble(read == _code.Length ? _code : _code[..read], vmEvent.InstructionPointer, bits);
        }
    }
}
