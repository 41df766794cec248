using XenVmEvent.Events;

namespace XenVmEvent.Measurement;

/// <summary>
/// Measures a stream of events, live or recorded, in bounded memory. Used by one thread. Time is the events' own, so a
/// recording gives the same result as the guest did.
/// </summary>
public sealed class EventMeter
{
    /// <summary>
    /// Up to this many different pages, and instructions, are counted exactly. Beyond that the rarest are forgotten now
    /// and then, and the counts of the others are too small by at most twice the number of events divided by this.
    /// </summary>
    public const int MostDistinct = 65_536;

    private readonly int _top;
    private readonly TimeSpan? _interval;
    private readonly UnsettledEvents _unsettled;
    private readonly Dictionary<LossLog, long> _lostBefore = [];
    private EventCounts _counts = new();
    private DateTimeOffset _start;

    /// <summary>Starts measuring.</summary>
    /// <param name="top">How many of the busiest pages and instructions to list, 0 or more.</param>
    /// <param name="interval">The length of each measure; null: one measure of everything.</param>
    public EventMeter(int top, TimeSpan? interval = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(top);
        if (interval is { } span) ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(span, TimeSpan.Zero);
        _top = top;
        _interval = interval;
        _unsettled = new UnsettledEvents(e => _counts.AddAnswer(e));
    }

    /// <summary>Adds an event.</summary>
    /// <returns>
    /// The previous interval, if the event is the first of a new one; intervals without events are left out.
    /// </returns>
    public EventMeasure? Add(VmEvent vmEvent)
    {
        ArgumentNullException.ThrowIfNull(vmEvent);
        DateTimeOffset time = vmEvent.Time;
        EventMeasure? finished = _interval is { } interval ? BeginInterval(interval, time) : null;
        _lostBefore.TryAdd(vmEvent.Losses, 0);
        _counts.Add(vmEvent, time);
        _unsettled.Add(vmEvent);
        return finished;
    }

    /// <summary>Ends measuring.</summary>
    /// <returns>The measure of everything, or of the last interval; null if there were no events.</returns>
    public EventMeasure? Finish()
    {
        _unsettled.Release(_ => true);
        if (_interval is null) return Summarize();
        return _counts.IsEmpty ? null : new IntervalMeasure(Summarize(), _start, _counts.Last - _start);
    }

    private IntervalMeasure? BeginInterval(TimeSpan interval, DateTimeOffset time)
    {
        if (_counts.IsEmpty && _start == default) _start = time;
        if (time - _start < interval) return null;
        IntervalMeasure finished = new(Summarize(), _start, interval);
        _counts = new EventCounts();
        _start += interval * Math.Floor((time - _start) / interval);
        return finished;
    }

    private EventMeasure Summarize() => _counts.Summarize(_top, TakeLosses());

    /// <summary>Since the last call; null if nobody knows whether there were any.</summary>
    private EventLoss[]? TakeLosses()
    {
        List<EventLoss> losses = [];
        foreach (LossLog log in _lostBefore.Keys)
        {
            long known = _lostBefore[log];
            losses.AddRange(log.Since(ref known));
            _lostBefore[log] = known;
        }

        return losses.Count > 0 || _lostBefore.Keys.Any(l => l.IsComplete) ? [.. losses] : null;
    }
}
