using System.Diagnostics;

namespace XenVmEvent.Monitoring;

/// <summary>Lets a number of events through in each second. Used by one thread.</summary>
/// <param name="mostPerSecond">The number; null: no limit.</param>
internal sealed class RateLimit(int? mostPerSecond)
{
    private long _second = long.MinValue;
    private int _left;
    private long _next = long.MinValue;

    /// <summary>Whether one more event may pass.</summary>
    /// <param name="now">The current time in Stopwatch ticks.</param>
    public bool Allows(long now)
    {
        if (mostPerSecond is not { } most) return true;
        long second = now / Stopwatch.Frequency;
        if (second != _second)
        {
            _second = second;
            _left = most;
        }

        if (_left == 0) return false;
        _left--;
        return true;
    }

    /// <summary>
    /// When one more event may pass, in Stopwatch ticks: now, as long as no more came than in a second; then evenly
    /// spaced. The caller waits until then.
    /// </summary>
    /// <param name="now">The current time in Stopwatch ticks.</param>
    public long NextTurn(long now)
    {
        if (mostPerSecond is not { } most) return now;
        if (most == 0) return long.MaxValue;
        _next = Math.Max(_next, now - Stopwatch.Frequency) + (Stopwatch.Frequency / most);
        return Math.Max(_next, now);
    }
}
