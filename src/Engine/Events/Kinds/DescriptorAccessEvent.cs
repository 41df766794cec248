using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>The IDTR, GDTR, LDTR or TR was loaded or stored.</summary>
public sealed class DescriptorAccessEvent : VmEvent
{
    internal DescriptorAccessEvent(VmEventSource source, RequestReader request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <summary>The register.</summary>
    public DescriptorTable Descriptor => (DescriptorTable)Request.UInt32(VmEventField.Descriptor);

    /// <summary>Whether the register was loaded; false: it was stored.</summary>
    public bool IsWrite => Request.UInt32(VmEventField.DescriptorIsWrite) != 0;

    /// <summary>What Intel hardware reports about the instruction; 0 on AMD.</summary>
    public uint InstructionInfo => Request.UInt32(VmEventField.DescriptorInstructionInfo);

    /// <summary>What Intel hardware reports about the operand; 0 on AMD.</summary>
    public ulong ExitQualification => Request.UInt64(VmEventField.DescriptorExitQualification);

    /// <inheritdoc/>
    public override string Details => $"{(IsWrite ? "load" : "store")} {Descriptor}";
}

/// <summary>A descriptor table register: Xen's <c>VM_EVENT_DESC_*</c>, with Xen's numbers.</summary>
public enum DescriptorTable
{
    /// <summary>The register of the interrupt descriptor table.</summary>
    Idtr = 1,

    /// <summary>The register of the global descriptor table.</summary>
    Gdtr = 2,

    /// <summary>The register of the local descriptor table.</summary>
    Ldtr = 3,

    /// <summary>The task register.</summary>
    TR = 4,
}
