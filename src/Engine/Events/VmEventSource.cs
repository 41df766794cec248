using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>
/// What the events of one session or recording share: the domain, the layout of their bytes, and the clock.
/// </summary>
internal abstract class VmEventSource(uint domainId, string domain, VmEventLayout layout, GuestArchitecture architecture, IHeldEvents heldEvents, LossLog losses)
{
    public uint DomainId { get; } = domainId;

    public string Domain { get; } = domain;

    public VmEventLayout Layout { get; } = layout;

    public GuestArchitecture Architecture { get; } = architecture;

    public IHeldEvents HeldEvents { get; } = heldEvents;

    /// <summary>The host that they come from; null: this one.</summary>
    public virtual string? HostName => null;

    /// <summary>What tells the guest from those of other hosts: its name, after that of the host that it comes from.</summary>
    public virtual string Guest => Domain;

    /// <summary>The losses between the events.</summary>
    public LossLog Losses { get; } = losses;

    /// <summary>Whether its events come from a recording. Their guest went on long ago.</summary>
    public abstract bool IsRecorded { get; }

    /// <summary>The time at which a timestamp was taken.</summary>
    public abstract DateTimeOffset TimeOf(long timestamp);

    /// <summary>The time from one timestamp to another.</summary>
    public abstract TimeSpan Between(long start, long end);
}

/// <summary>Waits for the answers to held events.</summary>
internal interface IHeldEvents
{
    /// <summary>Called when a held event has been answered. May be called from any thread.</summary>
    void OnAnswered();

    /// <summary>What in the state of the session speaks against an answer. May be called from any thread.</summary>
    XenException? FindObjection(VmEventResponse response);
}
