using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Memory;

/// <summary>Reads memory as people ask for it: all requested bytes, or an error that says what is missing.</summary>
public static class DomainMemoryRead
{
    private const ulong PageSize = SharedMemory.PageSize;

    /// <summary>Reads from a guest physical address on.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.InvalidGfn"/>: the domain does not have all of these bytes. Others from Xen.
    /// </exception>
    public static byte[] ReadPhysical(this IDomainMemory memory, ulong address, int count)
    {
        ArgumentNullException.ThrowIfNull(memory);
        byte[] bytes = new byte[count];
        return memory.TryRead(address, bytes)
            ? bytes
            : throw new XenException(
                XenErrorId.InvalidGfn,
                $"The domain does not have all {count} bytes from guest physical address 0x{address:x}.",
                "Name an address within its memory, and fewer bytes.");
    }

    /// <summary>Reads from an offset in a page on, across pages.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.InvalidGfn"/>: the domain does not have all of these bytes. Others from Xen.
    /// </exception>
    public static byte[] ReadPage(this IDomainMemory memory, ulong gfn, int offset, int count) => gfn <= ulong.MaxValue / PageSize
        ? memory.ReadPhysical(gfn * PageSize + (ulong)offset, count)
        : throw new XenException(XenErrorId.InvalidGfn, $"There is no page 0x{gfn:x}.", "Name a guest frame number, not an address.");

    /// <summary>Reads from a linear address on, as a vCPU translates it now.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.InvalidGfn"/>: not all of these bytes are mapped. <see cref="XenErrorId.InvalidVCpu"/>,
    /// <see cref="XenErrorId.NotSupported"/>: it is not x86. Others from Xen.
    /// </exception>
    public static byte[] ReadVirtual(this IDomainMemory memory, uint vcpu, ulong address, int count)
    {
        ArgumentNullException.ThrowIfNull(memory);
        byte[] bytes = new byte[count];
        int read = new VirtualMemory(memory, memory.GetPagingRegisters(vcpu)).Read(address, bytes);
        return read == count
            ? bytes
            : throw new XenException(
                XenErrorId.InvalidGfn,
                $"No page is mapped at 0x{unchecked(address + (ulong)read):x} in the page tables that vCPU {vcpu} uses now.",
                read == 0 ? "Name a vCPU that runs the program you want." : $"Read {read} bytes or fewer.");
    }
}
