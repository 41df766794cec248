using System.Text;

namespace XenVmEvent.Recovery;

/// <summary>
/// A file that lists, line by line, what a listener has changed in its domain, for a guard to read when the listener is
/// gone. So a stopped guard keeps nobody waiting, and one that starts late knows everything. The file exists as long as
/// there is something to undo. Used by one thread at a time.
/// </summary>
internal sealed class GuardStateFile : IDisposable
{
    private const int MostBytes = 64 * 1024;

    private readonly GuardState _state = new();
    private FileStream _file;
    private bool _removed;

    /// <param name="folder">The folder of the file.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not make it.</exception>
    public GuardStateFile(string folder)
    {
        Directory.CreateDirectory(folder);
        Path = System.IO.Path.Combine(folder, $"guard-{Guid.NewGuid():N}");
        _file = Create(Path);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Reads what a listener has left.</summary>
    /// <returns>Null: nothing, because the file is gone.</returns>
    /// <exception cref="IOException">It exists and cannot be read.</exception>
    public static GuardState? Read(string path)
    {
        string text;
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using StreamReader reader = new(file);
            text = reader.ReadToEnd();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        // A line without an end was not written completely: its change was not made.
        GuardState state = new();
        foreach (string line in text.Split('\n')[..^1]) state.Apply(line);
        return state;
    }

    /// <summary>Adds a line.</summary>
    /// <exception cref="IOException">There is no space.</exception>
    public void Add(string line)
    {
        _state.Apply(line);
        if (_removed) return;
        _file.Write(Encoding.ASCII.GetBytes($"{line}\n"));
        if (_file.Position > MostBytes) Shorten();
    }

    /// <summary>There is nothing to undo any more.</summary>
    public void Remove()
    {
        _removed = true;
        File.Delete(Path);
    }

    public void Dispose() => _file.Dispose();

    private static FileStream Create(string path) =>
        new(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);

    /// <summary>Switches go on and off for days: only their current state counts.</summary>
    private void Shorten()
    {
        string next = Path + ".next";
        FileStream file = Create(next);
        foreach (string line in _state.Lines) file.Write(Encoding.ASCII.GetBytes($"{line}\n"));
        File.Move(next, Path, overwrite: true);
        _file.Dispose();
        _file = file;
    }
}
