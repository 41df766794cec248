using XenVmEvent.Events;
using XenVmEvent.Measurement;

namespace XenVmEvent.Reporting;

/// <summary>
/// Symbols and text of the instructions that raised events, in bounded memory: for as many as are counted.
/// </summary>
internal sealed class InstructionNames
{
    private const int Longest = 200;

    private readonly Dictionary<(string Domain, ulong InstructionPointer), (string? Symbol, string? Instruction)> _names = [];

    public void Add(VmEvent vmEvent)
    {
        if (vmEvent.Symbol is null && vmEvent.Instruction is null) return;
        if (_names.Count < EventMeter.MostDistinct)
            _names.TryAdd((vmEvent.Guest, vmEvent.InstructionPointer), (Shortened(vmEvent.Symbol), Shortened(vmEvent.Instruction)));
    }

    public (string? Symbol, string? Instruction) Find(InstructionCount count) => _names.GetValueOrDefault((count.Domain, count.InstructionPointer));

    private static string? Shortened(string? name) => name?.Length > Longest ? string.Concat(name.AsSpan(0, Longest), "…") : name;
}
