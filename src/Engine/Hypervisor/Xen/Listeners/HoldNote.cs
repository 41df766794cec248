using System.Globalization;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// Notes that a process holds something that must be released even if the process is killed: a paused domain, a stopped
/// process. The name of the note's file says everything, so that a change is a single step. Whoever finds a note of a
/// process that is gone takes it over and releases what it names.
/// </summary>
internal sealed class HoldNote
{
    /// <summary>The folder of the notes. It is emptied at boot, as are the pauses and stops that they record.</summary>
    public const string Folder = "/run/xenvmevent";

    private const char Separator = '.';

    private static int _count;

    private string? _file;

    private HoldNote(string? file, string[] words)
    {
        _file = file;
        Words = words;
    }

    /// <summary>What is held, and in which state.</summary>
    public IReadOnlyList<string> Words { get; private set; }

    /// <summary>Whether the process that wrote it is gone.</summary>
    public bool IsAbandoned { get; private init; }

    /// <summary>Whether this process wrote it.</summary>
    public bool IsOwn { get; private init; }

    /// <summary>How long ago it was first written.</summary>
    public TimeSpan Age => DateTime.UtcNow - File.GetLastWriteTimeUtc(_file!); // A new name leaves this time as it is.

    /// <summary>Whether there is a file, so that it outlives this process.</summary>
    public bool IsWritten => _file is not null;

    /// <summary>
    /// Notes that this process is about to hold something. If no note can be written, it is held without one.
    /// </summary>
    /// <param name="words">What is held; no word contains a dot or a slash.</param>
    public static HoldNote Write(params string[] words)
    {
        string file = FileOf(words);
        try
        {
            Directory.CreateDirectory(Folder);
            File.Create(file, 1).Dispose();
            return new HoldNote(file, words);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new HoldNote(null, words);
        }
    }

    /// <summary>Takes over the notes of processes that are gone.</summary>
    /// <param name="beginning">The words that they begin with.</param>
    public static IEnumerable<HoldNote> TakeAbandoned(params string[] beginning) =>
        Find(beginning).Where(note => note.IsAbandoned && note.TryTake());

    /// <summary>The notes of all processes.</summary>
    /// <param name="beginning">The words that they begin with.</param>
    public static IEnumerable<HoldNote> Find(params string[] beginning)
    {
        if (!Directory.Exists(Folder)) yield break;
        foreach (string file in Directory.GetFiles(Folder, string.Join(Separator, beginning) + Separator + "*"))
        {
            // The last three are the process, its start and a number.
            string[] words = Path.GetFileName(file).Split(Separator);
            if (words.Length < beginning.Length + 3) continue;
            if (!int.TryParse(words[^3], CultureInfo.InvariantCulture, out int id) || !ulong.TryParse(words[^2], CultureInfo.InvariantCulture, out ulong start)) continue;
            ProcessIdentity writer = new(id, start);
            yield return new HoldNote(file, words[..^3]) { IsAbandoned = !writer.IsAlive, IsOwn = writer == ProcessIdentity.Current };
        }
    }

    /// <summary>Takes it over from a process that is gone.</summary>
    /// <returns>False: another process has already taken it over.</returns>
    public bool TryTake() => TryChange([.. Words]);

    /// <summary>Changes the state.</summary>
    public void Change(params string[] words) => TryChange(words);

    /// <summary>Removes the note: nothing is held any more.</summary>
    public void Remove()
    {
        if (_file is null) return;
        try
        {
            File.Delete(_file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The folder was writable when the note was written, and is not any more.
        }

        _file = null;
    }

    private static string FileOf(string[] words) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Folder}/{string.Join(Separator, words)}.{ProcessIdentity.Current.Id}.{ProcessIdentity.Current.StartTime}.{Interlocked.Increment(ref _count)}");

    /// <returns>False: another process has already taken it over.</returns>
    private bool TryChange(string[] words)
    {
        Words = words;
        if (_file is null) return false;
        string next = FileOf(words);
        try
        {
            File.Move(_file, next);
            _file = next;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
