using XenVmEvent.Events;
using XenVmEvent.Recording;

namespace XenVmEvent.PS;

/// <summary>A cmdlet that reads recordings.</summary>
public abstract class RecordingCmdlet : XenCmdlet
{
    /// <summary>Reads the recordings of a path with wildcards. Each fault in a recording is its own error.</summary>
    private protected void ReadAll(string path, EventSelection? selection, Action<VmEvent> use) => Report(path, () =>
    {
        foreach (string file in RecordingPath.ResolveAll(SessionState.Path, path)) Report(file, () => Read(file, selection, use));
    });

    /// <summary>Reads the recording with exactly this name.</summary>
    private protected void ReadLiteral(string path, EventSelection? selection, Action<VmEvent> use) =>
        Report(path, () => Read(RecordingPath.Resolve(SessionState.Path, path), selection, use));

    /// <summary>A line that is not an event is reported and skipped.</summary>
    private void Read(string file, EventSelection? selection, Action<VmEvent> use)
    {
        using RecordingReader recording = RecordingReader.Open(file, selection);
        while (!Stopped.IsCancellationRequested)
        {
            try
            {
                if (recording.Read() is not { } vmEvent) break;
                use(vmEvent);
            }
            catch (XenException e) when (e.Id == XenErrorId.InvalidRecording)
            {
                WriteError(ToErrorRecord(e, file));
            }
        }

        foreach (EventLoss loss in recording.Losses)
        {
            WriteWarning($"{loss.Events} events of {(loss.HostName is { } host ? $"{host}/{loss.Domain}" : loss.Domain)} are missing from '{file}', from {loss.From:O} to {loss.To:O}: {loss.Reason}.");
        }

        if (recording.IsTorn) WriteWarning($"The recording '{file}' is truncated at line {recording.Line}: the end is lost or still being written.");
    }
}
