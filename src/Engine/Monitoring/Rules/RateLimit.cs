using System.Diagnostics;

namespace XenVmEvent.Monitoring;

/// <summary>Lets a number of events through in each second. Used by one thread.</summary>
/// <param name="mostPerSecond">The number; null: no limit.</param>
internal sealed class RateLimit(int? mostPerSecond)
{
    private long _second = long.MinValue;
    private int _left;

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
}
