namespace XenVmEvent.Events;

/// <summary>A segment register of a vCPU, as the processor caches it.</summary>
/// <param name="Selector">The selector.</param>
/// <param name="Base">The linear address where the segment begins.</param>
/// <param name="Packed">Limit and attributes as Xen packs them: bits 0-19 the limit, 20-31 the attributes.</param>
public readonly record struct X86Segment(ushort Selector, ulong Base, uint Packed)
{
    private const uint Granularity = 1 << 11;

    /// <summary>Type, S, DPL, P, AVL, L, D/B and G, in this order from bit 0, as the descriptor has them without its gap.</summary>
    public uint Attributes => Packed >> 20;

    /// <summary>The last byte of the segment.</summary>
    public uint Limit => (Attributes & Granularity) == 0 ? Packed & 0xfffff : ((Packed & 0xfffff) << 12) | 0xfff;

    /// <inheritdoc/>
    public override string ToString() => $"{Selector:x4} base 0x{Base:x} limit 0x{Limit:x} attributes 0x{Attributes:x}";
}
