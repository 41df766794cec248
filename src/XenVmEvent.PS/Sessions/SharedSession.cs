using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>A running session and who uses it. One that was opened for its users ends with the last of them. Guarded by <see cref="XenHost"/>.</summary>
/// <param name="session">The session.</param>
/// <param name="stays">It stays until Disable-XenMonitor, also when nobody uses it.</param>
internal sealed class SharedSession(MonitorSession session, bool stays)
{
    /// <summary>The session.</summary>
    public MonitorSession Session { get; } = session;

    /// <summary>Who uses it, each once.</summary>
    public HashSet<object> Users { get; } = [];

    /// <summary>Nobody needs it any more: it is being ended, or about to be.</summary>
    public bool IsUnused => !stays && Users.Count == 0;
}
