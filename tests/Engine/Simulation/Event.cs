using XenVmEvent.Abi;

namespace XenVmEvent.Tests.Simulation;

/// <summary>A copy of an event's request.</summary>
internal sealed class Event(byte[] bytes, VmEventLayout layout)
{
    public RequestReader View => new(bytes, layout);

    public VmEventKind Kind => View.Kind;

    public int VCpu => (int)View.VCpuId;

    public bool IsSynchronous => View.IsSynchronous;

    public ulong this[VmEventField field] => View.UInt64(field);

    public override string ToString() => $"{Kind} of vCPU {VCpu} at 0x{this[VmEventField.Rip]:x}";
}
