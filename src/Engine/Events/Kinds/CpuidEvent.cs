using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>CPUID was executed. RAX, RBX, RCX and RDX in the registers hold its results.</summary>
/// <remarks>
/// On AMD up to Xen 4.12, the results overwrite leaf and subleaf before Xen reports them. <see cref="Leaf"/> is then
/// the result in EAX, and <see cref="Subleaf"/> the result in ECX. The requested leaf is not known.
/// </remarks>
public sealed class CpuidEvent : VmEvent
{
    internal CpuidEvent(VmEventSource source, RequestReader request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <summary>EAX as the guest set it. On AMD up to Xen 4.12: the result in EAX.</summary>
    public uint Leaf => Request.UInt32(VmEventField.CpuidLeaf);

    /// <summary>ECX as the guest set it. On AMD up to Xen 4.12: the result in ECX.</summary>
    public uint Subleaf => Request.UInt32(VmEventField.CpuidSubleaf);

    /// <summary>The length of the instruction in bytes.</summary>
    public uint InstructionLength => Request.UInt32(VmEventField.CpuidInstructionLength);

    /// <inheritdoc/>
    public override string Details => $"leaf 0x{Leaf:x} subleaf 0x{Subleaf:x}";
}
