using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>CPUID was executed; RAX, RBX, RCX and RDX of the registers hold its results.</summary>
public sealed class CpuidEvent : VmEvent
{
    internal CpuidEvent(VmEventSource source, RequestView request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <summary>EAX as the guest set it.</summary>
    public uint Leaf => Request.UInt32(VmEventField.CpuidLeaf);

    /// <summary>ECX as the guest set it.</summary>
    public uint Subleaf => Request.UInt32(VmEventField.CpuidSubleaf);

    /// <summary>Bytes of the instruction.</summary>
    public uint InstructionLength => Request.UInt32(VmEventField.CpuidInstructionLength);

    /// <inheritdoc/>
    public override string Details => $"leaf 0x{Leaf:x} subleaf 0x{Subleaf:x}";
}
