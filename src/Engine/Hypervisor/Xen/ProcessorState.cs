using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// What Xen saves of an x86 vCPU: <c>struct hvm_hw_cpu</c> (Xen's public/arch-x86/hvm/save.h), which is the same from Xen
/// 4.12 to 4.22.
/// </summary>
internal readonly unsafe ref struct ProcessorState
{
    /// <summary>HVM_SAVE_CODE(CPU).</summary>
    private const ushort SaveCode = 2;

    private const int Cr0 = 656;
    private const int Cr3 = 672;
    private const int Cr4 = 680;
    private const int Lstar = 960;
    private const int Efer = 992;
    private const int PendingEvent = 1016;

    /// <summary>More than any Xen returns for a vCPU.</summary>
    public const int MaximumBytes = 4096;

    private const string Call = nameof(XenCtrl.xc_domain_hvm_getcontext_partial);

    private readonly ReadOnlySpan<byte> _bytes;

    private ProcessorState(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>The registers with which it translates addresses.</summary>
    public PagingRegisters Paging => new(UInt64(Cr0), UInt64(Cr3), UInt64(Cr4), UInt64(Efer));

    /// <summary>IA32_LSTAR.</summary>
    public ulong SyscallEntry => UInt64(Lstar);

    /// <summary>
    /// Whether it delivers an interrupt or exception before its next instruction. Xen does not save a software interrupt,
    /// whose instruction is executed again.
    /// </summary>
    public bool HasPendingInterrupt => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[PendingEvent..]) >> 31 != 0;

    /// <summary>Reads a vCPU's state.</summary>
    /// <param name="xen">The connection.</param>
    /// <param name="domain">An x86 domain.</param>
    /// <param name="errors">Words the errors.</param>
    /// <param name="vcpu">The vCPU.</param>
    /// <param name="buffer">Where to put it: <see cref="MaximumBytes"/>.</param>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.InvalidVCpu"/>: the domain has no such vCPU, or has not started it; or Xen refuses.
    /// </exception>
    public static ProcessorState Read(XenCtrlHandle xen, XenDomain domain, XenErrors errors, uint vcpu, Span<byte> buffer)
    {
        if (vcpu >= domain.VCpus) throw NoSuchVCpu(domain, vcpu, $"Its vCPUs are 0 to {domain.VCpus - 1}.");
        fixed (byte* bytes = buffer)
        {
            if (XenCtrl.xc_domain_hvm_getcontext_partial(xen, domain.Id, SaveCode, (ushort)vcpu, bytes, (uint)buffer.Length) < 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                throw (Errno)errno is Errno.ENOENT or Errno.ENODATA
                    ? NoSuchVCpu(domain, vcpu, "The guest has not started it; choose another.")
                    : errors.Of(Call, errno, $"read the registers of vCPU {vcpu} of {domain}", domain);
            }
        }

        return new ProcessorState(buffer);
    }

    private ulong UInt64(int offset) => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[offset..]);

    private static XenException NoSuchVCpu(XenDomain domain, uint vcpu, string remedy) =>
        new(XenErrorId.InvalidVCpu, Call, Errno.ENOENT, $"{domain} has no running vCPU {vcpu}.", remedy);
}
