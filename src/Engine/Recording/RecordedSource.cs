using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Recording;

/// <summary>What recorded events share. Their timestamps are UTC ticks, and nobody waits for answers to them.</summary>
internal sealed class RecordedSource(uint domainId, string domain, VmEventLayout layout, GuestArchitecture architecture, TimeSpan utcOffset, LossLog? losses = null, string? hostName = null)
    : VmEventSource(domainId, domain, layout, architecture, NobodyWaits.Instance, losses ?? new LossLog(isComplete: false))
{
    public override bool IsRecorded => true;

    public override string? HostName => hostName;

    public override string Guest { get; } = hostName is null ? domain : $"{hostName}/{domain}";

    public override DateTimeOffset TimeOf(long timestamp) => new DateTimeOffset(timestamp, TimeSpan.Zero).ToOffset(utcOffset);

    public override TimeSpan Between(long start, long end) => TimeSpan.FromTicks(end - start);
}

/// <summary>Receives answers to recorded events.</summary>
internal sealed class NobodyWaits : IHeldEvents
{
    public static NobodyWaits Instance { get; } = new();

    public void OnAnswered()
    {
    }

    public XenException FindObjection(VmEventResponse response) => new(
        XenErrorId.AlreadyAnswered,
        "The event is a copy from a recording, a file or another process: its guest went on long ago.",
        "Answer events of a Watch cmdlet; to try answers on recorded events, replay them.");
}
