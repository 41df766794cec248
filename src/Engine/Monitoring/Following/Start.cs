using System.Diagnostics;

namespace XenVmEvent.Monitoring;

/// <summary>The start of a domain that is followed. Used under its owner's lock.</summary>
/// <param name="hold">What keeps it back; null: it runs already.</param>
/// <param name="longest">The longest time for that.</param>
internal sealed class Start(IDisposable? hold, TimeSpan longest)
{
    private readonly long _since = Stopwatch.GetTimestamp();
    private IDisposable? _hold = hold;

    /// <summary>Whether it is kept back.</summary>
    public bool IsHeldBack => _hold is not null;

    /// <summary>How much longer it may be kept back.</summary>
    public TimeSpan Left => longest - Stopwatch.GetElapsedTime(_since);

    /// <summary>It may run from now on.</summary>
    /// <returns>Whether it was kept back until now.</returns>
    public bool LetGo()
    {
        if (_hold is null) return false;
        _hold.Dispose();
        _hold = null;
        return true;
    }
}
