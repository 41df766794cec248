using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>Xen could not emulate an instruction.</summary>
public sealed class EmulUnimplementedEvent : VmEvent
{
    internal EmulUnimplementedEvent(VmEventSource source, RequestReader request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <inheritdoc/>
    public override string Details => string.Empty;
}
