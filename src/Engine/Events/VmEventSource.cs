using System.Diagnostics;
using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>What all events of one session share: whose they are, how their bytes are read, and when time began.</summary>
internal sealed class VmEventSource(uint domainId, string domain, VmEventLayout layout, GuestArchitecture architecture, IHeldEvents heldEvents)
{
    private readonly DateTimeOffset _startTime = DateTimeOffset.Now;
    private readonly long _startTimestamp = Stopwatch.GetTimestamp();

    public uint DomainId { get; } = domainId;

    public string Domain { get; } = domain;

    public VmEventLayout Layout { get; } = layout;

    public GuestArchitecture Architecture { get; } = architecture;

    public IHeldEvents HeldEvents { get; } = heldEvents;

    public DateTimeOffset TimeOf(long timestamp) => _startTime + Stopwatch.GetElapsedTime(_startTimestamp, timestamp);
}
