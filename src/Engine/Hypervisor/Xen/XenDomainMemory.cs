using System.Buffers.Binary;
using System.Runtime.InteropServices;
using XenVmEvent.Abi;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>The memory of a domain on the real Xen, mapped one page at a time, on its own connection.</summary>
internal sealed unsafe class XenDomainMemory(XenCtrlHandle xen, XenDomain domain, GuestArchitecture architecture, XenErrors errors) : IDomainMemory
{
    private const int ProtectionRead = 1;
    private const int ProtectionReadWrite = 3;

    /// <summary>
    /// HVM_SAVE_CODE(CPU), and offsets in struct hvm_hw_cpu (Xen's public/arch-x86/hvm/save.h), the same from Xen 4.12
    /// to 4.22.
    /// </summary>
    private const ushort ProcessorState = 2;

    private const int Cr0 = 656;
    private const int Cr3 = 672;
    private const int Cr4 = 680;
    private const int Lstar = 960;
    private const int Efer = 992;

    /// <summary>More than any Xen returns for a vCPU.</summary>
    private const int StateBytes = 4096;

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

    public PagingRegisters GetPagingRegisters(uint vcpu)
    {
        byte* state = stackalloc byte[StateBytes];
        ReadOnlySpan<byte> bytes = ReadState(vcpu, state);
        return new PagingRegisters(At(bytes, Cr0), At(bytes, Cr3), At(bytes, Cr4), At(bytes, Efer));
    }

    public ulong GetSyscallEntry(uint vcpu)
    {
        byte* state = stackalloc byte[StateBytes];
        return At(ReadState(vcpu, state), Lstar);
    }

    public void Dispose() => xen.Dispose();

    private static ulong At(ReadOnlySpan<byte> state, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(state[offset..]);

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

    private ReadOnlySpan<byte> ReadState(uint vcpu, byte* state)
    {
        if (architecture != GuestArchitecture.X86) throw PagingRegisters.NotX86();
        if (vcpu >= domain.VCpus) throw NoSuchVCpu(vcpu, $"Its vCPUs are 0 to {domain.VCpus - 1}.");
        if (XenCtrl.xc_domain_hvm_getcontext_partial(xen, domain.Id, ProcessorState, (ushort)vcpu, state, StateBytes) < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            throw (Errno)errno is Errno.ENOENT or Errno.ENODATA
                ? NoSuchVCpu(vcpu, "The guest has not started it; choose another.")
                : errors.Of(nameof(XenCtrl.xc_domain_hvm_getcontext_partial), errno, $"read the registers of vCPU {vcpu} of {domain}", domain);
        }

        return new ReadOnlySpan<byte>(state, StateBytes);
    }

    private XenException NoSuchVCpu(uint vcpu, string remedy) =>
        new(XenErrorId.InvalidVCpu, nameof(XenCtrl.xc_domain_hvm_getcontext_partial), Errno.ENOENT, $"{domain} has no running vCPU {vcpu}.", remedy);
}
