using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Recording;

/// <summary>What recorded events share. Their timestamps are UTC ticks, and nobody waits for answers to them.</summary>
internal sealed class RecordedSource(uint domainId, string domain, VmEventLayout layout, GuestArchitecture architecture, TimeSpan utcOffset, LossLog? losses = null)
    : VmEventSource(domainId, domain, layout, architecture, NobodyWaits.Instance, losses ?? new LossLog(isComplete: false))
{
    public override bool IsRecorded => true;

    public override DateTimeOffset TimeOf(long timestamp) => new DateTimeOffset(timestamp, TimeSpan.Zero).ToOffset(utcOffset);

    public override TimeSpan Between(long start, long end) => TimeSpan.FromTicks(end - start);
}
