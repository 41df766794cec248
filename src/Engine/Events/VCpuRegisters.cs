namespace XenVmEvent.Events;

/// <summary>A vCPU's registers at the moment of an event.</summary>
public abstract class VCpuRegisters
{
    private readonly VmEvent _event;

    private protected VCpuRegisters(VmEvent vmEvent) => _event = vmEvent;

    private protected Abi.RequestView Request => _event.Request;

    private protected ulong this[Abi.VmEventField field] => _event.Request.UInt64(field);
}
