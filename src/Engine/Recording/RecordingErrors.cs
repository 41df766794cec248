namespace XenVmEvent.Recording;

/// <summary>What can go wrong with a recording.</summary>
internal static class RecordingErrors
{
    public static XenException CannotRead(string path, Exception cause) => new(
        XenErrorId.RecordingFailed, $"The recording '{path}' cannot be read: {cause.Message}", "Name a file that is there and that you may read.", cause);

    public static XenException CannotWrite(string path, Exception cause) => new(
        XenErrorId.RecordingFailed,
        $"The recording '{path}' cannot be written: {cause.Message}",
        "Name a file in a folder that you may write, on a disk with room.",
        cause);

    public static XenException Exists(string path) => new(
        XenErrorId.RecordingExists, $"The file '{path}' is there already.", "Name another, append to it (-Append), or let it be overwritten.");

    public static XenException TornArchive(string path) => new(
        XenErrorId.InvalidRecording,
        $"The compressed recording '{path}' breaks off, and what were appended could not be read.",
        "Save what is there: Import-XenVmEvent reads it, and Export-XenVmEvent writes it to another file.");

    public static XenException CannotReplay(string path, string why) => new(
        XenErrorId.InvalidRecording, $"The recording '{path}' cannot be replayed: {why}.", "Replay a recording of one host.");

    public static XenException NoEvent(string path, long line, FormatException cause) => new(
        XenErrorId.InvalidRecording,
        $"Line {line} of '{path}' is no recorded event: {cause.Message}.",
        "Take a file that Export-XenVmEvent or xenvmevent wrote, or take the line out of it.",
        cause);
}
