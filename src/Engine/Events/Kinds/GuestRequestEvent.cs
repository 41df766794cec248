using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>The guest asked for attention. Its registers say what it wants.</summary>
public sealed class GuestRequestEvent : VmEvent
{
    internal GuestRequestEvent(VmEventSource source, RequestReader request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <inheritdoc/>
    public override string Details => string.Empty;
}
