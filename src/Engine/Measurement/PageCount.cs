namespace XenVmEvent.Measurement;

/// <summary>How many events were about a page.</summary>
/// <param name="Domain">The domain's name.</param>
/// <param name="Gfn">The guest frame number.</param>
/// <param name="Events">How many.</param>
public sealed record PageCount(string Domain, ulong Gfn, long Events)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Domain} 0x{Gfn:x}: {Events}";
}
