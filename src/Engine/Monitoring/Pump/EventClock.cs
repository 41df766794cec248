using System.Diagnostics;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Translates <see cref="Stopwatch"/> ticks into the time of day. Setting the clock does not change the ticks, and they
/// stand still while the host sleeps. This follows the clock; timestamps from before a change keep their time. The pump
/// has it look at the clock. Any thread may ask for times.
/// </summary>
internal sealed class EventClock
{
    /// <summary>How many changes of the clock it remembers. Events from before them are long gone.</summary>
    private const int MostAnchors = 64;

    /// <summary>
    /// A clock that is this far off was set. A disciplined clock stays closer, because the ticks are disciplined too.
    /// </summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(10);

    /// <summary>The longest that a look may take. If it takes longer, its result is not used.</summary>
    private static readonly long LongestLook = Stopwatch.Frequency / 1000;

    /// <summary>How often a pump that never sleeps looks.</summary>
    private static readonly long Period = Stopwatch.Frequency / 100;

    private readonly TimeProvider _clock;
    private (long Timestamp, DateTimeOffset Time)[] _anchors;
    private long _lookedAt;

    /// <param name="clock">Gives the time of day.</param>
    public EventClock(TimeProvider clock)
    {
        _clock = clock;
        _lookedAt = Stopwatch.GetTimestamp();
        _anchors = [(_lookedAt, clock.GetLocalNow())];
    }

    /// <summary>The time of day at which a timestamp was taken.</summary>
    public DateTimeOffset TimeOf(long timestamp)
    {
        (long Timestamp, DateTimeOffset Time)[] anchors = Volatile.Read(ref _anchors);
        int last = anchors.Length - 1;
        while (last > 0 && anchors[last].Timestamp > timestamp) last--;
        return anchors[last].Time + Stopwatch.GetElapsedTime(anchors[last].Timestamp, timestamp);
    }

    /// <summary>Looks whether the clock was set, if a look is due.</summary>
    /// <param name="now">The current timestamp.</param>
    public void LookIfDue(long now)
    {
        if (now - _lookedAt >= Period) Look();
    }

    /// <summary>Looks whether the clock was set, or the host has slept.</summary>
    public void Look()
    {
        long before = Stopwatch.GetTimestamp();
        DateTimeOffset time = _clock.GetUtcNow();
        long after = Stopwatch.GetTimestamp();
        if (after - before > LongestLook) return; // The thread was kept waiting in between. The next look will tell.
        _lookedAt = after;
        if ((time - TimeOf(before)).Duration() <= Tolerance) return;
        (long Timestamp, DateTimeOffset Time)[] anchors = _anchors;
        int kept = Math.Min(anchors.Length, MostAnchors - 1);
        Volatile.Write(ref _anchors, [.. anchors[^kept..], (before, TimeZoneInfo.ConvertTime(time, _clock.LocalTimeZone))]);
    }
}
