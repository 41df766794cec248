using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>What all events of one session share. Their timestamps are <see cref="Stopwatch"/> ticks.</summary>
internal sealed class SessionSource(
    uint domainId, string domain, VmEventLayout layout, GuestArchitecture architecture, IHeldEvents heldEvents, LossLog losses, TimeProvider? clock = null)
    : VmEventSource(domainId, domain, layout, architecture, heldEvents, losses)
{
    /// <summary>Converts timestamps to the time of day.</summary>
    public EventClock Clock { get; } = new(clock ?? TimeProvider.System);

    public override bool IsRecorded => false;

    public override DateTimeOffset TimeOf(long timestamp) => Clock.TimeOf(timestamp);

    public override TimeSpan Between(long start, long end) => Stopwatch.GetElapsedTime(start, end);
}
