namespace XenVmEvent.Hypervisor;

/// <summary>A domain's memory, to be looked at, whether or not the domain is monitored. Used by one thread.</summary>
public interface IDomainMemory : IDisposable
{
    /// <summary>Reads guest physical memory, as it is at this moment; the guest may be writing it.</summary>
    /// <param name="address">The guest physical address of the first byte.</param>
    /// <param name="into">What to fill; it may cross pages.</param>
    /// <returns>False where the domain has no memory at one of the addresses.</returns>
    /// <exception cref="XenException">The domain is gone, or Xen refuses.</exception>
    bool TryRead(ulong address, Span<byte> into);

    /// <summary>The registers with which a vCPU translates addresses at this moment.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.InvalidVCpu"/>: the domain has no such vCPU, or has not started it.
    /// <see cref="XenErrorId.NotSupported"/>: it is no x86.
    /// </exception>
    PagingRegisters GetPagingRegisters(uint vcpu);
}
