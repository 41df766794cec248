using System.Diagnostics;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>Counts and notes the events that somebody wanted and does not get. Used by the pump's thread.</summary>
internal sealed class EventLosses(SessionSource source, StatisticsCollector statistics)
{
    /// <summary>Shed events come at a guest's full rate, so they are noted together, this often at most.</summary>
    private static readonly long ShedPeriod = Stopwatch.Frequency / 10;

    private long _overwritten;
    private long _shed;
    private long _shedFrom;
    private long _shedTo;
    private long _lookedBefore = Stopwatch.GetTimestamp();

    /// <summary>Notes that a subscription's buffer had no room for an event until its deadline.</summary>
    public void Drop(EventSubscription subscription, VmEvent vmEvent)
    {
        bool continues = subscription.Drop();
        statistics.OnDropped();
        Note(LossReason.Dropped, 1, vmEvent.Time, vmEvent.Time, continues);
    }

    /// <summary>Notes that a policy's limit kept an event from being shown.</summary>
    public void Shed(EventSubscription subscription, long now)
    {
        subscription.CountShed();
        statistics.OnShed();
        if (_shed++ == 0) _shedFrom = now;
        _shedTo = now;
    }

    /// <summary>Notes the events that were shed since the last note.</summary>
    public void NoteShed()
    {
        if (_shed == 0) return;
        Note(LossReason.Shed, _shed, source.TimeOf(_shedFrom), source.TimeOf(_shedTo), continues: false);
        _shed = 0;
    }

    /// <summary>Notes the events that Xen has overwritten since the last call.</summary>
    /// <param name="overwritten">The number of events that it has overwritten in this session.</param>
    /// <param name="subscriptions">The subscriptions that may have wanted them.</param>
    /// <param name="now">The current time in Stopwatch ticks.</param>
    public void NoteOverwritten(long overwritten, List<EventSubscription> subscriptions, long now)
    {
        if (_shed > 0 && now - _shedFrom >= ShedPeriod) NoteShed();
        long more = overwritten - _overwritten;
        if (more > 0)
        {
            _overwritten = overwritten;
            foreach (EventSubscription subscription in subscriptions) subscription.CountOverwritten(more);
            Note(LossReason.Overwritten, more, source.TimeOf(_lookedBefore), source.TimeOf(Stopwatch.GetTimestamp()), continues: false);
        }

        _lookedBefore = now;
    }

    private void Note(LossReason reason, long events, DateTimeOffset from, DateTimeOffset to, bool continues) =>
        source.Losses.Add(new EventLoss(source.Domain, source.DomainId, reason, events, from, to), continues);
}
