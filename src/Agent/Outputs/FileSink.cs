using System.Buffers;

namespace XenVmEvent.Agent;

/// <summary>
/// Writes lines to a file, and begins the next one when it is full or old enough. A batch is written whole or not at
/// all, so every file ends with a whole line; what a killed writer left of a line is cut off.
/// </summary>
/// <param name="settings">Where to, and how much.</param>
/// <param name="clock">The time of day.</param>
internal sealed class FileSink(FileOutputSettings settings, TimeProvider clock) : IEventSink
{
    private static readonly TimeSpan SyncPeriod = TimeSpan.FromSeconds(1);

    private readonly RotatedFiles _rotated = new(settings.Path);
    private readonly ArrayBufferWriter<byte> _lines = new();
    private FileStream? _lock;
    private FileStream? _file;
    private long _length;
    private long _delivered;
    private long _synced;
    private DateTimeOffset _begun;
    private string? _problem;

    /// <inheritdoc/>
    public EventSinkState State => new(Volatile.Read(ref _delivered), Problem: Volatile.Read(ref _problem));

    /// <inheritdoc/>
    public void Write(IReadOnlyList<OutgoingEvent> batch)
    {
        _lines.ResetWrittenCount();
        foreach (OutgoingEvent one in batch)
        {
            _lines.Write(one.Line.Span);
            _lines.Write("\n"u8);
        }

        try
        {
            FileStream file = _file ?? Open();
            if (IsDue(_lines.WrittenCount)) file = Rotate();
            Append(file, _lines.WrittenSpan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" })
        {
            Volatile.Write(ref _problem, e.Message);
            throw new EventSinkException($"'{settings.Path}' cannot be written: {e.Message}", e);
        }

        Volatile.Write(ref _problem, null);
        Volatile.Write(ref _delivered, _delivered + batch.Count(one => one.Event is not null));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Close();
        _lock?.Dispose();
        _lock = null;
    }

    private bool IsDue(int more) =>
        _length > 0 && more > 0 && (_length + more > settings.FileSize || clock.GetUtcNow() - _begun >= settings.FileAge);

    private FileStream Open()
    {
        string folder = Path.GetDirectoryName(settings.Path)!;
        PrivateFolder.Make(folder);

        // The file itself cannot be locked for one writer alone, or nobody could read it meanwhile.
        _lock ??= Open(Path.Combine(folder, $".{Path.GetFileName(settings.Path)}.lock"), FileShare.None);
        FileStream file = Open(settings.Path, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            _length = WholeLines.CutTornEnd(file);
            _begun = _length == 0 ? clock.GetUtcNow() : File.GetCreationTimeUtc(settings.Path);
            _rotated.Trim(settings.TotalSize - settings.FileSize);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        return _file = file;
    }

    private static FileStream Open(string path, FileShare share)
    {
        FileStreamOptions how = new() { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = share, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) how.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(path, how);
    }

    private FileStream Rotate()
    {
        Close();
        _rotated.Add(clock.GetUtcNow());
        return Open();
    }

    private void Append(FileStream file, ReadOnlySpan<byte> lines)
    {
        if (lines.IsEmpty) return;
        if (_length == 0) _begun = clock.GetUtcNow();
        try
        {
            file.Position = _length;
            file.Write(lines);
        }
        catch
        {
            // Part of it may be there. If it cannot be cut off now, it is when the file is opened again.
            Close();
            throw;
        }

        _length += lines.Length;
        if (clock.GetElapsedTime(_synced) < SyncPeriod) return;
        _synced = clock.GetTimestamp();
        file.Flush(flushToDisk: true);
    }

    private void Close()
    {
        FileStream? file = _file;
        _file = null;
        if (file is null) return;
        try
        {
            if (file.Length > _length) file.SetLength(_length);
            file.Flush(flushToDisk: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next opening cuts it, and the next write tells what is wrong with the disk.
        }

        file.Dispose();
    }
}
