using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Memory;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Tells the accesses that a processor makes while it delivers an interrupt or exception, such as to the stack, from those
/// of instructions. Xen emulates only instructions. Asked to emulate such an access, it emulates the instruction that was
/// interrupted, and the guest gets its interrupt in the wrong place or a double fault; or it begins the delivery of a
/// software interrupt anew, without end. Used by the pump's thread.
/// </summary>
internal sealed class InterruptDelivery(IHypervisor hypervisor, XenDomain domain, IDomainMonitor monitor)
{
    private const byte Int1 = 0xf1;
    private const byte Int3 = 0xcc;
    private const byte IntN = 0xcd;
    private const byte Into = 0xce;

    private readonly Dictionary<uint, Emulated> _emulated = [];

    /// <summary>Whether it causes an access that Xen is about to be asked to emulate.</summary>
    /// <exception cref="XenException">Xen refuses to tell.</exception>
    public bool Causes(RequestReader request)
    {
        MemAccessFlags data = (MemAccessFlags)request.UInt32(VmEventField.MemAccessFlags) & (MemAccessFlags.Read | MemAccessFlags.Write);
        if (hypervisor.Architecture != GuestArchitecture.X86 || data == MemAccessFlags.None) return false;
        return monitor.IsDeliveringInterrupt(request.VCpuId) || IsSoftwareInterrupt(request);
    }

    /// <summary>
    /// Xen knows nothing of a software interrupt that was not delivered. But the vCPU comes back with the same registers and
    /// the same access, and only then is it worth reading the instruction: a loop can do that, too.
    /// </summary>
    private bool IsSoftwareInterrupt(RequestReader request)
    {
        ReadOnlySpan<byte> state = request.Bytes[VmEventLayout.HeaderSize..];
        if (!_emulated.TryGetValue(request.VCpuId, out Emulated? last)) _emulated[request.VCpuId] = last = new Emulated(state.Length);
        if (state.SequenceEqual(last.State)) return last.IsSoftwareInterrupt ??= IsAtSoftwareInterrupt(request);
        state.CopyTo(last.State);
        last.IsSoftwareInterrupt = null;
        return false;
    }

    private bool IsAtSoftwareInterrupt(RequestReader request)
    {
        using IDomainMemory memory = hypervisor.OpenMemory(domain);
        VirtualMemory seen = new(memory, new PagingRegisters(
            request.UInt64(VmEventField.Cr0), request.UInt64(VmEventField.Cr3), request.UInt64(VmEventField.Cr4), request.UInt64(VmEventField.MsrEfer)));
        Span<byte> opcode = stackalloc byte[1];
        return seen.Read(request.UInt64(VmEventField.CsBase) + request.UInt64(VmEventField.Rip), opcode) == 1
            && opcode[0] is Int1 or Int3 or IntN or Into;
    }

    /// <summary>An access that Xen was asked to emulate.</summary>
    private sealed class Emulated(int bytes)
    {
        /// <summary>The access and the vCPU's registers, as in the request.</summary>
        public byte[] State { get; } = new byte[bytes];

        /// <summary>Null until somebody asks.</summary>
        public bool? IsSoftwareInterrupt { get; set; }
    }
}
