using System.Diagnostics;
using System.Management.Automation;

namespace XenVmEvent.PS;

/// <summary>
/// Shows once a second how a watch goes, to somebody who sits before it: not when the output or the errors go to a file or a
/// program. Nor when events go to the screen, which says itself how it goes: for each line that scrolls by, PowerShell would ask
/// the terminal where the cursor is, and wait for ever where Ctrl-C has eaten the answer.
/// </summary>
/// <param name="cmdlet">The watch.</param>
/// <param name="events">Its events.</param>
internal sealed class WatchProgress(PSCmdlet cmdlet, EventStream events) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly bool IsInteractive = !Console.IsOutputRedirected && !Console.IsErrorRedirected;
    private static int _lastId;

    private readonly ProgressRecord? _record = IsInteractive && PipelineEnd.IsOffScreen(cmdlet.MyInvocation)
        ? new ProgressRecord(Interlocked.Increment(ref _lastId), $"Watching {string.Join(", ", events.Domains.Select(d => d.Name))}", "no event yet")
        : null;

    private long _shown = Stopwatch.GetTimestamp();
    private long _shownEvents;
    private bool _isVisible;

    /// <summary>Shows it if it is time.</summary>
    /// <param name="written">How many events there were up to now.</param>
    public void Show(long written)
    {
        if (_record is null) return;
        TimeSpan since = Stopwatch.GetElapsedTime(_shown);
        if (since < Interval) return;
        long dropped = events.Dropped + events.Overwritten;
        _record.StatusDescription = $"{written:N0} events, {(written - _shownEvents) / since.TotalSeconds:N0} a second{(dropped == 0 ? "" : $", {dropped:N0} lost")}";
        cmdlet.WriteProgress(_record);
        _isVisible = true;
        _shown = Stopwatch.GetTimestamp();
        _shownEvents = written;
    }

    /// <summary>How long may be waited for an event, for it to be shown on time.</summary>
    public TimeSpan Limit(TimeSpan timeout) =>
        _record is null || (timeout < Interval && timeout != Timeout.InfiniteTimeSpan) ? timeout : Interval;

    /// <summary>Takes it away.</summary>
    public void Dispose()
    {
        if (!_isVisible) return;
        _record!.RecordType = ProgressRecordType.Completed;
        try
        {
            cmdlet.WriteProgress(_record);
        }
        catch (PipelineStoppedException)
        {
            // PowerShell takes it away itself.
        }
    }
}
