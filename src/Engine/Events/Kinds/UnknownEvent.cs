using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>An event of a kind that this program does not know. It is answered with Continue.</summary>
public sealed class UnknownEvent : VmEvent
{
    internal UnknownEvent(VmEventSource source, RequestReader request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <summary>Xen's number for what happened.</summary>
    public uint Reason => Request.UInt32(VmEventField.Reason);

    /// <inheritdoc/>
    public override string Details => $"reason {Reason}";
}
