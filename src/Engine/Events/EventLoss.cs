namespace XenVmEvent.Events;

/// <summary>Events of a session that are missing. Two losses are equal if they say the same.</summary>
/// <param name="domain">The domain's name.</param>
/// <param name="domainId">Its id.</param>
/// <param name="reason">Why they are missing.</param>
/// <param name="events">The number of events, 1 or more.</param>
/// <param name="from">
/// When the first of them came. If Xen overwrote them: the last time at which none of them was lost yet.
/// </param>
/// <param name="to">When the last of them came. If Xen overwrote them: when the loss was noticed.</param>
/// <param name="hostName">The name of the host that this was received from; null for this host.</param>
public sealed class EventLoss(string domain, uint domainId, LossReason reason, long events, DateTimeOffset from, DateTimeOffset to, string? hostName = null)
    : IEquatable<EventLoss>
{
    /// <summary>The name of the host that this was received from; null for this host.</summary>
    public string? HostName { get; } = hostName;

    /// <summary>The domain's name.</summary>
    public string Domain { get; } = domain;

    /// <summary>Its id.</summary>
    public uint DomainId { get; } = domainId;

    /// <summary>Why they are missing.</summary>
    public LossReason Reason { get; } = reason;

    /// <summary>The number of events, 1 or more.</summary>
    public long Events { get; } = events;

    /// <summary>
    /// When the first of them came. If Xen overwrote them: the last time at which none of them was lost yet.
    /// </summary>
    public DateTimeOffset From { get; } = from;

    /// <summary>When the last of them came. If Xen overwrote them: when the loss was noticed.</summary>
    public DateTimeOffset To { get; } = to;

    /// <summary>The domain's name, after that of its host if it is another one, as in dom0-1/web01.</summary>
    internal string Guest => HostName is null ? Domain : $"{HostName}/{Domain}";

    /// <inheritdoc/>
    public bool Equals(EventLoss? other) =>
        other is not null
        && (HostName, Domain, DomainId, Reason, Events, From, To) == (other.HostName, other.Domain, other.DomainId, other.Reason, other.Events, other.From, other.To);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as EventLoss);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(HostName, Domain, DomainId, Reason, Events, From, To);

    /// <inheritdoc/>
    public override string ToString() => $"{Events} of {Guest} from {From:O} to {To:O}: {Reason}";
}

/// <summary>Why events were lost.</summary>
public enum LossReason
{
    /// <summary>A consumer's buffer was full until the events' deadline.</summary>
    Dropped,

    /// <summary>Xen overwrote asynchronous events before they were read (slotted channel only).</summary>
    Overwritten,

    /// <summary>A policy's limit kept events from being shown. They were decided all the same.</summary>
    Shed,

    /// <summary>Events that were to wait on the disk could not be written there, or read back.</summary>
    DiskFailed,

    /// <summary>An output of the agent was too slow, or failed, and its queue was full.</summary>
    OutputFull,
}
