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

    /// <summary>Whether this is how writing to a file fails; the last is how .NET says that a process may make none of such a length.</summary>
    public static bool IsFailedWrite(Exception e) => e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" };

    public static XenException Exists(string path) => new(
        XenErrorId.RecordingExists, $"The file '{path}' is there already.", "Name another, append to it, or let it be overwritten.");

    public static XenException CannotReplay(string path, string why) => new(
        XenErrorId.InvalidRecording, $"The recording '{path}' cannot be replayed: {why}.", "Replay a recording of one host.");

    /// <summary>Of the lines from one to another; of files that have lines that are events, those in between are left out.</summary>
    public static XenException NoEvents(string path, long first, long last, FormatException cause) => new(
        XenErrorId.InvalidRecording,
        first == last
            ? $"Line {first} of '{path}' is no recorded event: {cause.Message}."
            : $"Lines {first} to {last} of '{path}' are no recorded events: of the first, {cause.Message}.",
        "Take a file of recorded events; what follows damage in one is read.",
        cause);
}
