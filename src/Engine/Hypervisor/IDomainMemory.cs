namespace XenVmEvent.Hypervisor;

/// <summary>A domain's memory, whether or not the domain is monitored. Used by one thread.</summary>
public interface IDomainMemory : IDisposable
{
    /// <summary>Reads guest physical memory as it is now; the guest may be writing it.</summary>
    /// <param name="address">The guest physical address of the first byte.</param>
    /// <param name="into">What to fill; it may cross pages.</param>
    /// <returns>False if the domain has no memory at one of the addresses.</returns>
    /// <exception cref="XenException">The domain is gone, or Xen refuses.</exception>
    bool TryRead(ulong address, Span<byte> into);

    /// <summary>The registers with which a vCPU translates addresses now.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.InvalidVCpu"/>: the domain has no such vCPU, or has not started it.
    /// <see cref="XenErrorId.NotSupported"/>: it is not x86.
    /// </exception>
    PagingRegisters GetPagingRegisters(uint vcpu);

    /// <summary>Where system calls enter the kernel, according to a vCPU's IA32_LSTAR; 0 until the kernel has set it.</summary>
    /// <exception cref="XenException">As for <see cref="GetPagingRegisters"/>.</exception>
    ulong GetSyscallEntry(uint vcpu);

    /// <summary>
    /// Replaces a byte of guest physical memory if it is the expected one. For the guest's vCPUs this is one step: a byte
    /// that they write meanwhile is not lost.
    /// </summary>
    /// <returns>False: there is another byte, or no memory that can be written.</returns>
    /// <exception cref="XenException">The domain is gone, or Xen refuses.</exception>
    bool TryReplace(ulong address, byte expected, byte value);
}

/// <summary>The registers of an x86 vCPU that control how it translates linear to guest physical addresses.</summary>
/// <param name="Cr0">CR0: PG, bit 31, tells whether it translates at all.</param>
/// <param name="Cr3">CR3: the address of the tables.</param>
/// <param name="Cr4">CR4: PSE, PAE and LA57, bits 4, 5 and 12.</param>
/// <param name="Efer">EFER: LMA, bit 10, tells whether the tables are those of 64-bit mode.</param>
public readonly record struct PagingRegisters(ulong Cr0, ulong Cr3, ulong Cr4, ulong Efer)
{
    internal static XenException NotX86() => new(
        XenErrorId.NotSupported, "Only the page tables of x86 guests can be read.", "Read guest physical memory instead.");
}
