namespace XenVmEvent.Measurement;

/// <summary>How many events were about a page.</summary>
public readonly record struct PageCount(string Domain, ulong Gfn, long Events)
{
    /// <summary>The domain's name.</summary>
    public string Domain { get; } = Domain;

    /// <summary>The guest frame number.</summary>
    public ulong Gfn { get; } = Gfn;

    /// <summary>How many.</summary>
    public long Events { get; } = Events;

    /// <inheritdoc/>
    public override string ToString() => $"{Domain} 0x{Gfn:x}: {Events}";
}
