namespace XenVmEvent.Recording;

/// <summary>The errors of recordings.</summary>
internal static class RecordingErrors
{
    public static XenException CannotRead(string path, Exception cause) => new(
        XenErrorId.RecordingFailed, $"The recording '{path}' cannot be read: {cause.Message}", "Name an existing file that you may read.", cause);

    public static XenException CannotWrite(string path, Exception cause) => new(
        XenErrorId.RecordingFailed,
        $"The recording '{path}' cannot be written: {cause.Message}",
        "Name a file in a folder that you may write to, on a disk with free space.",
        cause);

    /// <summary>
    /// Whether this is how writing to a file fails; the last one is how .NET reports that a process may not make a file
    /// of this length.
    /// </summary>
    public static bool IsFailedWrite(Exception e) => e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" };

    public static XenException Exists(string path) => new(
        XenErrorId.RecordingExists, $"The file '{path}' exists already.", "Name another file, append to it, or allow overwriting.");

    public static XenException CannotReplay(string path, string why) => new(
        XenErrorId.InvalidRecording, $"The recording '{path}' cannot be replayed: {why}.", "Replay a recording of one host.");

    /// <summary>For a range of lines; in files that contain events, the lines in the range are skipped.</summary>
    public static XenException NoEvents(string path, long first, long last, FormatException cause) => new(
        XenErrorId.InvalidRecording,
        first == last
            ? $"Line {first} of '{path}' is not a recorded event: {cause.Message}."
            : $"Lines {first} to {last} of '{path}' are not recorded events; of the first: {cause.Message}.",
        "Give a file of recorded events. Reading goes on after damage.",
        cause);
}
