using System.Diagnostics;

namespace XenVmEvent.Monitoring;

/// <summary>
/// The time of day at <see cref="Stopwatch"/> ticks, which go on while the clock is set and stand still while the host sleeps.
/// It follows the clock: what was before a change keeps the time that it had. The pump has it look; any thread may ask.
/// </summary>
internal sealed class EventClock
{
    /// <summary>Changes of the clock that are remembered; events from before them are long gone.</summary>
    private const int MostAnchors = 64;

    /// <summary>A clock that is this far off was set; one that is disciplined is not, for the ticks are so with it.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(10);

    /// <summary>How long a look may take for what it sees to be believed.</summary>
    private static readonly long LongestLook = Stopwatch.Frequency / 1000;

    /// <summary>How often a pump that never sleeps looks.</summary>
    private static readonly long Period = Stopwatch.Frequency / 100;

    private readonly TimeProvider _clock;
    private (long Timestamp, DateTimeOffset Time)[] _anchors;
    private long _lookedAt;

    /// <param name="clock">Tells the time of day.</param>
    public EventClock(TimeProvider clock)
    {
        _clock = clock;
        _lookedAt = Stopwatch.GetTimestamp();
        _anchors = [(_lookedAt, clock.GetLocalNow())];
    }

    /// <summary>The time of day when a timestamp was taken.</summary>
    public DateTimeOffset TimeOf(long timestamp)
    {
        (long Timestamp, DateTimeOffset Time)[] anchors = Volatile.Read(ref _anchors);
        int last = anchors.Length - 1;
        while (last > 0 && anchors[last].Timestamp > timestamp) last--;
        return anchors[last].Time + Stopwatch.GetElapsedTime(anchors[last].Timestamp, timestamp);
    }

    /// <summary>Looks whether the clock was set, if it is time to.</summary>
    /// <param name="now">The timestamp of now.</param>
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
        if (after - before > LongestLook) return; // The thread was kept waiting in between: the next look will tell.
        _lookedAt = after;
        if ((time - TimeOf(before)).Duration() <= Tolerance) return;
        (long Timestamp, DateTimeOffset Time)[] anchors = _anchors;
        int kept = Math.Min(anchors.Length, MostAnchors - 1);
        Volatile.Write(ref _anchors, [.. anchors[^kept..], (before, TimeZoneInfo.ConvertTime(time, _clock.LocalTimeZone))]);
    }
}
