using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>CPUID was executed; RAX, RBX, RCX and RDX of the registers hold its results.</summary>
/// <remarks>
/// On AMD up to Xen 4.12 the results have overwritten leaf and subleaf before Xen tells of them: <see cref="Leaf"/> is the
/// result in EAX there, and <see cref="Subleaf"/> that in ECX. Which leaf was asked for is not known.
/// </remarks>
public sealed class CpuidEvent : VmEvent
{
    internal CpuidEvent(VmEventSource source, RequestReader request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <summary>EAX as the guest set it; on AMD up to Xen 4.12 the result in EAX.</summary>
    public uint Leaf => Request.UInt32(VmEventField.CpuidLeaf);

    /// <summary>ECX as the guest set it; on AMD up to Xen 4.12 the result in ECX.</summary>
    public uint Subleaf => Request.UInt32(VmEventField.CpuidSubleaf);

    /// <summary>Bytes of the instruction.</summary>
    public uint InstructionLength => Request.UInt32(VmEventField.CpuidInstructionLength);

    /// <inheritdoc/>
    public override string Details => $"leaf 0x{Leaf:x} subleaf 0x{Subleaf:x}";
}
