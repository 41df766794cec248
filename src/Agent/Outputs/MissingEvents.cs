using XenVmEvent.Events;

namespace XenVmEvent.Agent;

/// <summary>The events that an output could not take, by guest, until they are noted in its stream. Used under a lock.</summary>
internal sealed class MissingEvents
{
    private readonly Dictionary<(string Domain, uint Id), EventLoss> _byGuest = [];

    /// <summary>Whether there is nothing to note.</summary>
    public bool IsEmpty => _byGuest.Count == 0;

    /// <summary>Adds an event, or the events that a note tells of.</summary>
    public void Add(OutgoingEvent outgoing)
    {
        EventLoss more = outgoing.Event is { } one ? new(one.Domain, one.DomainId, LossReason.OutputFull, 1, one.Time, one.Time) : outgoing.Loss!;
        _byGuest[(more.Domain, more.DomainId)] = _byGuest.TryGetValue((more.Domain, more.DomainId), out EventLoss? before)
            ? new EventLoss(more.Domain, more.DomainId, LossReason.OutputFull, before.Events + more.Events, Earlier(before.From, more.From), Later(before.To, more.To))
            : more;
    }

    /// <summary>Takes all losses.</summary>
    public IReadOnlyList<EventLoss> TakeAll()
    {
        EventLoss[] all = [.. _byGuest.Values];
        _byGuest.Clear();
        return all;
    }

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}
