namespace XenVmEvent.Measurement;

/// <summary>How many events came from an instruction.</summary>
/// <param name="Domain">The domain's name.</param>
/// <param name="InstructionPointer">Where the instruction is.</param>
/// <param name="Events">How many.</param>
public sealed record InstructionCount(string Domain, ulong InstructionPointer, long Events)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Domain} 0x{InstructionPointer:x16}: {Events}";
}
