using System.Runtime.InteropServices;
using XenVmEvent.Abi;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>The memory of a domain on the real Xen, mapped one page at a time, on its own connection.</summary>
internal sealed unsafe class XenDomainMemory(XenCtrlHandle xen, XenDomain domain, GuestArchitecture architecture, XenErrors errors) : IDomainMemory
{
    private const int ProtectionRead = 1;
    private const int ProtectionReadWrite = 3;

    public bool TryRead(ulong address, Span<byte> into)
    {
        while (into.Length > 0)
        {
            int offset = (int)(address % SharedMemory.PageSize);
            int count = Math.Min(SharedMemory.PageSize - offset, into.Length);
            nint page = Map(address, ProtectionRead, "read");
            if (page == 0) return false;
            new ReadOnlySpan<byte>((byte*)page + offset, count).CopyTo(into);
            _ = Libc.munmap(page, SharedMemory.PageSize);
            address += (ulong)count;
            into = into[count..];
        }

        return true;
    }

    public bool TryReplace(ulong address, byte expected, byte value)
    {
        nint page = Map(address, ProtectionReadWrite, "write");
        if (page == 0) return false;
        ref byte target = ref ((byte*)page)[address % SharedMemory.PageSize];
        bool isReplaced = Interlocked.CompareExchange(ref target, value, expected) == expected;
        _ = Libc.munmap(page, SharedMemory.PageSize);
        return isReplaced;
    }

    public PagingRegisters GetPagingRegisters(uint vcpu) => ReadState(vcpu, stackalloc byte[ProcessorState.MaximumBytes]).Paging;

    public ulong GetSyscallEntry(uint vcpu) => ReadState(vcpu, stackalloc byte[ProcessorState.MaximumBytes]).SyscallEntry;

    public void Dispose() => xen.Dispose();

    /// <returns>0: the domain has no such memory there.</returns>
    private nint Map(ulong address, int protection, string what)
    {
        nint page = XenCtrl.xc_map_foreign_range(xen, domain.Id, SharedMemory.PageSize, protection, (nuint)(address / SharedMemory.PageSize));
        if (page != 0) return page;
        int errno = Marshal.GetLastPInvokeError();
        return (Errno)errno is Errno.EPERM or Errno.EACCES or Errno.ESRCH or Errno.ENOMEM
            ? throw errors.Of(nameof(XenCtrl.xc_map_foreign_range), errno, $"{what} the memory of {domain}", domain)
            : 0;
    }

    private ProcessorState ReadState(uint vcpu, Span<byte> buffer) => architecture == GuestArchitecture.X86
        ? ProcessorState.Read(xen, domain, errors, vcpu, buffer)
        : throw PagingRegisters.NotX86();
}
