using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>What all events of one session share. Their timestamps are <see cref="Stopwatch"/> ticks.</summary>
internal sealed class SessionSource(uint domainId, string domain, VmEventLayout layout, GuestArchitecture architecture, IHeldEvents heldEvents)
    : VmEventSource(domainId, domain, layout, architecture, heldEvents, new LossLog(isComplete: heldEvents is EventPump))
{
    private readonly DateTimeOffset _startTime = DateTimeOffset.Now;
    private readonly long _startTimestamp = Stopwatch.GetTimestamp();

    public override bool IsRecorded => false;

    public override DateTimeOffset TimeOf(long timestamp) => _startTime + Stopwatch.GetElapsedTime(_startTimestamp, timestamp);

    public override TimeSpan Between(long start, long end) => Stopwatch.GetElapsedTime(start, end);
}
