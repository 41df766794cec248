namespace XenVmEvent.Events;

/// <summary>Events of a session that are missing.</summary>
/// <param name="Domain">The domain's name.</param>
/// <param name="DomainId">Its id.</param>
/// <param name="Reason">Why.</param>
/// <param name="Events">How many, 1 or more.</param>
/// <param name="From">When the first of them came; of those that Xen overwrote, when they were not yet lost for sure.</param>
/// <param name="To">When the last of them came; of those that Xen overwrote, when it was noticed.</param>
public sealed record EventLoss(string Domain, uint DomainId, LossReason Reason, long Events, DateTimeOffset From, DateTimeOffset To);
