using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>The guest asked for attention; its registers say what about.</summary>
public sealed class GuestRequestEvent : VmEvent
{
    internal GuestRequestEvent(VmEventSource source, RequestView request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <inheritdoc/>
    public override string Details => string.Empty;
}
