namespace XenVmEvent.Hypervisor;

/// <summary>The registers of an x86 vCPU that say how it turns linear addresses into guest physical ones.</summary>
/// <param name="Cr0">CR0: PG, bit 31, is whether it does at all.</param>
/// <param name="Cr3">CR3: where the tables begin.</param>
/// <param name="Cr4">CR4: PSE, PAE and LA57, bits 4, 5 and 12.</param>
/// <param name="Efer">EFER: LMA, bit 10, is whether the tables are those of 64-bit mode.</param>
public readonly record struct PagingRegisters(ulong Cr0, ulong Cr3, ulong Cr4, ulong Efer)
{
    internal static XenException NotX86() => new(
        XenErrorId.NotSupported, "Only the page tables of x86 guests can be read.", "Read guest physical memory instead.");
}
