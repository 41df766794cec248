using XenVmEvent.Events;

namespace XenVmEvent.PS;

/// <summary>What the action of Register-XenVmEvent finds in $EventArgs.</summary>
/// <param name="vmEvent">The event.</param>
public sealed class VmEventArgs(VmEvent vmEvent) : EventArgs
{
    /// <summary>What a guest did.</summary>
    public VmEvent VmEvent { get; } = vmEvent;
}
