using System.Globalization;

namespace XenVmEvent.Agent;

/// <summary>
/// The folder of a spool. One process at a time has it. Beside the segments it keeps how the last process ended, and how
/// high ids must be.
/// </summary>
internal sealed class SpoolFolder : IDisposable
{
    private readonly string _closedMark;
    private readonly string _floorFile;
    private readonly FileStream _claim;

    /// <summary>Makes the folder if it is not there, and claims it.</summary>
    /// <exception cref="IOException">It cannot be made, or another process has it.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied.</exception>
    public SpoolFolder(string path)
    {
        Path = path;
        _closedMark = System.IO.Path.Combine(path, "closed");
        _floorFile = System.IO.Path.Combine(path, "floor");
        PrivateFolder.Make(path);
        _claim = Claim(path);
    }

    public string Path { get; }

    /// <summary>The paths of the segments, the oldest first.</summary>
    public IEnumerable<string> Segments => Directory.GetFiles(Path, SpoolSegment.Pattern).Order(StringComparer.Ordinal);

    /// <summary>Whether the last process closed the spool; false too if there was none.</summary>
    public bool WasClosed => File.Exists(_closedMark);

    /// <summary>The least milliseconds of ids; 0 if none were set.</summary>
    public ulong ReadFloor() =>
        File.Exists(_floorFile) && ulong.TryParse(File.ReadAllText(_floorFile), CultureInfo.InvariantCulture, out ulong floor) ? floor : 0;

    /// <summary>Sets the least milliseconds of ids.</summary>
    /// <exception cref="IOException">The disk is full, or fails.</exception>
    public void WriteFloor(ulong milliseconds)
    {
        File.WriteAllText($"{_floorFile}~", milliseconds.ToString(CultureInfo.InvariantCulture));
        File.Move($"{_floorFile}~", _floorFile, overwrite: true);
    }

    /// <summary>Notes that this process has begun to write.</summary>
    public void MarkOpen() => File.Delete(_closedMark);

    /// <summary>Notes that this process has written all that it had.</summary>
    public void MarkClosed()
    {
        try
        {
            File.WriteAllText(_closedMark, "");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Then the next process says that this one may have lost something.
        }
    }

    /// <summary>Leaves the folder to the next process.</summary>
    public void Dispose() => _claim.Dispose();

    private static FileStream Claim(string folder)
    {
        try
        {
            return new FileStream(System.IO.Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        }
        catch (IOException e)
        {
            throw new IOException($"The spool '{folder}' cannot be opened, or another process has it: {e.Message}", e);
        }
    }
}
