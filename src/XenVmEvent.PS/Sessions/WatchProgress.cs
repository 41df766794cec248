using System.Diagnostics;
using System.Management.Automation;

namespace XenVmEvent.PS;

/// <summary>
/// Shows the progress of a watch once a second to an interactive user: not if the output or the errors go to a file or
/// a program. It also shows nothing if events go to the screen, which shows the progress itself. For each line that
/// scrolls by, PowerShell would ask the terminal for the cursor position, and wait forever if Ctrl-C has swallowed the
/// answer.
/// </summary>
/// <param name="cmdlet">The watch.</param>
/// <param name="events">Its events.</param>
internal sealed class WatchProgress(PSCmdlet cmdlet, EventStream events) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly bool IsInteractive = !Console.IsOutputRedirected && !Console.IsErrorRedirected;
    private static int _lastId;

    private readonly ProgressRecord? _record = IsInteractive && PipelineEnd.IsOffScreen(cmdlet.MyInvocation)
        ? new ProgressRecord(Interlocked.Increment(ref _lastId), $"Watching {events.Domains}", "no event yet")
        : null;

    private long _shown = Stopwatch.GetTimestamp();
    private long _shownEvents;
    private bool _isVisible;

    /// <summary>Shows the progress if it is time.</summary>
    /// <param name="written">How many events there were so far.</param>
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

    /// <summary>How long to wait for an event at most, so that the progress is shown in time.</summary>
    public TimeSpan Limit(TimeSpan timeout) =>
        _record is null || (timeout < Interval && timeout != Timeout.InfiniteTimeSpan) ? timeout : Interval;

    /// <summary>Removes it.</summary>
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
            // PowerShell removes it itself.
        }
    }
}
