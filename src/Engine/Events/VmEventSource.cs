using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>What the events of one session, or of one recording, share: whose they are, how their bytes are read, and what time it was.</summary>
internal abstract class VmEventSource(uint domainId, string domain, VmEventLayout layout, GuestArchitecture architecture, IHeldEvents heldEvents, LossLog losses)
{
    public uint DomainId { get; } = domainId;

    public string Domain { get; } = domain;

    public VmEventLayout Layout { get; } = layout;

    public GuestArchitecture Architecture { get; } = architecture;

    public IHeldEvents HeldEvents { get; } = heldEvents;

    /// <summary>What is missing between them.</summary>
    public LossLog Losses { get; } = losses;

    /// <summary>Whether its events come from a recording: their guest went on long ago.</summary>
    public abstract bool IsRecorded { get; }

    /// <summary>When a timestamp was taken.</summary>
    public abstract DateTimeOffset TimeOf(long timestamp);

    /// <summary>The time from one timestamp to another.</summary>
    public abstract TimeSpan Between(long start, long end);
}

/// <summary>Who waits for the answers to held events.</summary>
internal interface IHeldEvents
{
    /// <summary>A held event has been answered. From any thread.</summary>
    void OnAnswered();

    /// <summary>What in the state of the session speaks against an answer. From any thread.</summary>
    XenException? FindObjection(VmEventResponse response);
}
