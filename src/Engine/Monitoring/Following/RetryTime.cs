using System.Diagnostics;

namespace XenVmEvent.Monitoring;

/// <summary>When to try something again, with pauses that double from 50 ms to 10 s.</summary>
internal sealed class RetryTime
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private TimeSpan _pause;
    private long _since;

    /// <summary>The error that people were told of; null if there was none.</summary>
    public XenErrorId? Told { get; set; }

    /// <summary>How long to wait still; zero: try now.</summary>
    public TimeSpan Left => Over < TimeSpan.Zero ? -Over : TimeSpan.Zero;

    /// <summary>How long ago the pause ended; negative: it has not.</summary>
    private TimeSpan Over => Stopwatch.GetElapsedTime(_since) - _pause;

    /// <summary>It failed: makes the next pause, longer than the one before unless that was long ago.</summary>
    public void Delay()
    {
        if (Over > LongestPause) _pause = TimeSpan.Zero;
        _pause = _pause == TimeSpan.Zero ? ShortestPause : _pause + _pause < LongestPause ? _pause + _pause : LongestPause;
        _since = Stopwatch.GetTimestamp();
    }

    /// <summary>It succeeded.</summary>
    public void Reset()
    {
        _pause = TimeSpan.Zero;
        Told = null;
    }
}
