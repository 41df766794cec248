using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>A request not answered yet: held, or waiting for room in a subscription's buffer.</summary>
internal sealed class PendingRequest(VmEvent vmEvent, long readAt)
{
    public VmEvent Event { get; } = vmEvent;

    /// <summary>When it was read, in Stopwatch ticks.</summary>
    public long ReadAt { get; } = readAt;

    /// <summary>Subscriptions whose buffers were full.</summary>
    public List<EventSubscription> Undelivered { get; } = [];
}
