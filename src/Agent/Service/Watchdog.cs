namespace XenVmEvent.Agent;

/// <summary>
/// Feeds systemd's watchdog while the agent works: while its own thread and the threads of all its sessions get on. If one
/// hangs, it is fed no more; systemd kills the process, the guards free the guests, and a new agent begins.
/// </summary>
internal sealed class Watchdog : IDisposable
{
    /// <summary>How often in the time that systemd gives.</summary>
    private const int TimesInPeriod = 4;

    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(1);

    private readonly ManualResetEventSlim _end = new();
    private readonly Thread _thread;

    /// <param name="manager">It may have no watchdog; then this does nothing.</param>
    /// <param name="awaitProgress">Returns when everything has got on since it was called; hangs if something hangs.</param>
    public Watchdog(ServiceManager manager, Action awaitProgress)
    {
        _thread = new Thread(() =>
        {
            if (manager.Watchdog is not { } period) return;
            do
            {
                awaitProgress();
                manager.FeedWatchdog();
            }
            while (!_end.Wait(period / TimesInPeriod));
        })
        { Name = "Watchdog", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Ends it. If something hangs, it does not wait for that.</summary>
    public void Dispose()
    {
        _end.Set();
        if (_thread.Join(LongestEnd)) _end.Dispose();
    }
}
