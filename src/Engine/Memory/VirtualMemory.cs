using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Memory;

/// <summary>A domain's memory as a vCPU sees it, by linear addresses.</summary>
/// <param name="memory">The domain's memory.</param>
/// <param name="paging">How the vCPU translates addresses.</param>
public readonly struct VirtualMemory(IDomainMemory memory, PagingRegisters paging)
{
    private const ulong PageSize = SharedMemory.PageSize;

    /// <summary>Memory as the vCPU of an event saw it then; its tables and pages are read now.</summary>
    /// <exception cref="XenException">The vCPU is not x86.</exception>
    public static VirtualMemory Of(IDomainMemory memory, VmEvent vmEvent)
    {
        ArgumentNullException.ThrowIfNull(vmEvent);
        return vmEvent.Registers is X86Registers r
            ? new VirtualMemory(memory, new PagingRegisters(r.Cr0, r.Cr3, r.Cr4, r.MsrEfer))
            : throw PagingRegisters.NotX86();
    }

    /// <summary>Reads bytes from a linear address on, across pages.</summary>
    /// <returns>How many bytes there were before a page that is missing.</returns>
    public int Read(ulong address, Span<byte> into)
    {
        int done = 0;
        while (done < into.Length)
        {
            ulong at = unchecked(address + (ulong)done);
            int count = (int)Math.Min(PageSize - at % PageSize, (ulong)(into.Length - done));
            if (!PageTables.TryTranslate(memory, paging, at, out ulong physical) || !memory.TryRead(physical, into.Slice(done, count))) break;
            done += count;
        }

        return done;
    }
}
