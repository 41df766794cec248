using XenVmEvent.Events;
using XenVmEvent.Recording;

namespace XenVmEvent.Cli;

/// <summary>Reads a recording to its end, and says what is wrong with it.</summary>
internal static class RecordedEvents
{
    /// <summary>
    /// Passes on all events. A file without any event is not a recording; in others, lines that are not events are
    /// skipped.
    /// </summary>
    /// <returns>Whether every line is an event and the end is there.</returns>
    /// <exception cref="XenException">The file cannot be read, or has no event and a line that is none.</exception>
    public static bool Read(string path, Action<VmEvent> use)
    {
        using RecordingReader recording = RecordingReader.Open(path);
        XenException? broken = null;
        long events = 0;
        while (true)
        {
            try
            {
                if (recording.Read() is not { } vmEvent) break;
                if (events++ == 0 && broken is not null) StandardError.Say(broken);
                use(vmEvent);
            }
            catch (XenException e) when (e.Id == XenErrorId.InvalidRecording)
            {
                broken = e;
                if (events > 0) StandardError.Say(e);
            }
        }

        if (events == 0 && broken is not null) throw broken;
        if (recording.IsTorn) StandardError.Say($"'{path}' is truncated at line {recording.Line}.");
        long lost = recording.Losses.Sum(l => l.Events);
        if (lost > 0) StandardError.Say($"{lost} events were lost when '{path}' was written.");
        return broken is null && !recording.IsTorn;
    }
}
