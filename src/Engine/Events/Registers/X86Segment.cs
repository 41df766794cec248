namespace XenVmEvent.Events;

/// <summary>A segment register of a vCPU, as the processor caches it.</summary>
public readonly record struct X86Segment(ushort Selector, ulong Base, uint Packed)
{
    /// <summary>The selector.</summary>
    public ushort Selector { get; } = Selector;

    /// <summary>The linear address at which the segment begins.</summary>
    public ulong Base { get; } = Base;

    /// <summary>Limit and attributes as Xen packs them: the limit in bits 0-19, the attributes in bits 20-31.</summary>
    public uint Packed { get; } = Packed;

    /// <summary>
    /// Type, S, DPL, P, AVL, L, D/B and G, in this order from bit 0: as in the descriptor, without its gap.
    /// </summary>
    public uint Attributes => Packed >> 20;

    /// <summary>
    /// The type, 0 to 15, with the numbers of Intel and AMD. Code and data segments are numbered separately from system
    /// segments.
    /// </summary>
    public byte Type => (byte)(Attributes & 0xf);

    /// <summary>S: a code or data segment, not a system segment.</summary>
    public bool IsCodeOrData => Has(4);

    /// <summary>DPL: the privilege level, 0 to 3.</summary>
    public byte PrivilegeLevel => (byte)(Attributes >> 5 & 3);

    /// <summary>P: the segment is present.</summary>
    public bool IsPresent => Has(7);

    /// <summary>AVL: for the guest's own use.</summary>
    public bool IsAvailable => Has(8);

    /// <summary>L: 64-bit code.</summary>
    public bool IsLong => Has(9);

    /// <summary>D/B: 32-bit operands and addresses, not 16.</summary>
    public bool IsBig => Has(10);

    /// <summary>G: the limit counts pages of 4096 bytes.</summary>
    public bool IsGranular => Has(11);

    /// <summary>The offset of the segment's last byte.</summary>
    public uint Limit => IsGranular ? ((Packed & 0xfffff) << 12) | 0xfff : Packed & 0xfffff;

    /// <inheritdoc/>
    public override string ToString() => $"{Selector:x4} base 0x{Base:x} limit 0x{Limit:x} attributes 0x{Attributes:x}";

    private bool Has(int bit) => (Attributes & 1u << bit) != 0;
}
