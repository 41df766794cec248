namespace XenVmEvent.Measurement;

/// <summary>How many events came from an instruction.</summary>
public readonly record struct InstructionCount(string Domain, ulong InstructionPointer, long Events)
{
    /// <summary>The domain's name.</summary>
    public string Domain { get; } = Domain;

    /// <summary>Where the instruction is.</summary>
    public ulong InstructionPointer { get; } = InstructionPointer;

    /// <summary>How many.</summary>
    public long Events { get; } = Events;

    /// <inheritdoc/>
    public override string ToString() => $"{Domain} 0x{InstructionPointer:x16}: {Events}";
}
