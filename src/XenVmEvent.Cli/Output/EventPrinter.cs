using XenVmEvent.Events;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Cli;

/// <summary>
/// Prints or records the events of one or more guests, until the count, the time or a signal ends it, or no more will
/// come. Used by one thread.
/// </summary>
/// <param name="events">The events.</param>
/// <param name="first">How many events to print; null: all.</param>
internal sealed class EventPrinter(GatheredEvents events, long? first)
{
    /// <summary>How many events were printed or recorded.</summary>
    public long Shown { get; private set; }

    /// <summary>Called for each event before it is printed.</summary>
    public Action<VmEvent>? Complete { get; init; }

    /// <summary>
    /// Called when there is nothing to print, to let go of guests that have ended. Null: printing ends with the last
    /// guest.
    /// </summary>
    public Action? LetGo { get; init; }

    private bool IsWanted => first is not { } most || Shown < most;

    /// <param name="writer">Where to.</param>
    /// <param name="stop">Ends it.</param>
    /// <returns>Why not everything could be written; null if it could, or if nobody reads it any more.</returns>
    public XenException? Print(IEventWriter writer, CancellationToken stop)
    {
        try
        {
            return StandardOutput.Attempt(() =>
            {
                PrintUntilEnd(writer, stop);

                // What the guests did until they were no longer watched belongs to the output.
                foreach (GatheredSession guest in events.Sessions) guest.Subscription.Dispose();
                while (IsWanted && events.TryTake(out VmEvent? last, out _)) Write(last, writer);
                writer.Finish();
            });
        }
        catch (XenException e) when (e.Id == XenErrorId.RecordingFailed)
        {
            return e;
        }
    }

    private void PrintUntilEnd(IEventWriter writer, CancellationToken stop)
    {
        while (IsWanted && !stop.IsCancellationRequested)
        {
            if (events.TryTake(out VmEvent? vmEvent, out _))
            {
                Write(vmEvent, writer);
                continue;
            }

            // Nothing more now: what was printed must become visible.
            writer.Flush();
            if (LetGo is not null) LetGo();
            else if (events.IsOver) return;
            events.Wait(Timeout.InfiniteTimeSpan, stop);
        }
    }

    private void Write(VmEvent vmEvent, IEventWriter writer)
    {
        Complete?.Invoke(vmEvent);
        writer.Write(vmEvent);
        Shown++;
    }
}
