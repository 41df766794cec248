using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>
/// A control register is written. If somebody may deny it, and on Xen before 4.14, the write waits for the answer.
/// </summary>
public sealed class WriteControlRegisterEvent : VmEvent
{
    internal WriteControlRegisterEvent(VmEventSource source, RequestReader request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <summary>The register.</summary>
    public ControlRegister Register => (ControlRegister)Request.UInt32(VmEventField.ControlRegisterIndex);

    /// <summary>Its old value.</summary>
    public ulong OldValue => Request.UInt64(VmEventField.ControlRegisterOldValue);

    /// <summary>The value that is written.</summary>
    public ulong NewValue => Request.UInt64(VmEventField.ControlRegisterNewValue);

    /// <inheritdoc/>
    public override string Details => $"{Register} 0x{OldValue:x} -> 0x{NewValue:x}";
}
