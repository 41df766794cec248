using System.Buffers;
using System.IO.Compression;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor.Xen;

namespace XenVmEvent.Recording;

/// <summary>
/// Writes events to a file, compressed where its name ends with <c>.gz</c>. An event is written once the guest has its
/// answer, so that this is recorded too, and reaches the disk within a second.
/// </summary>
public sealed class RecordingWriter : IDisposable
{
    private const int FlushAt = 64 * 1024;

    /// <summary>
    /// Bytes of lines in one member of a compressed file: what is damaged costs no more, for each member can be read alone.
    /// </summary>
    private const int MemberSize = 1 << 20;

    private static readonly TimeSpan FlushPeriod = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly FileStream _file;
    private readonly OpenedFile _found;
    private readonly bool _isCompressed;
    private readonly ArrayBufferWriter<byte> _buffer = new(FlushAt * 2);
    private readonly EventLineWriter _lines;
    private readonly UnsettledEvents _unsettled;
    private readonly Timer _timer;
    private GZipStream? _member;
    private long _memberSize;
    private long _fileSize;
    private XenException? _failure;
    private bool _isUnflushed;
    private bool _hasBegun;
    private bool _isClosed;

    private RecordingWriter(string path, FileStream file, OpenedFile found)
    {
        _path = path;
        _file = file;
        _found = found;
        _isCompressed = IsCompressed(path);
        _lines = new EventLineWriter(_buffer);
        _unsettled = new UnsettledEvents(_lines.Write);
        _timer = new Timer(_ => FlushInTime(), null, FlushPeriod, FlushPeriod);
    }

    /// <summary>Whether what was in the file before was overwritten, or is being added to.</summary>
    public bool HasBegun
    {
        get
        {
            lock (_gate) return _hasBegun;
        }
    }

    /// <summary>Creates a recording, or opens one to be added to. What is in the file stays until <see cref="Begin"/>.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.RecordingFailed"/>: it cannot be created. <see cref="XenErrorId.RecordingExists"/>: there is one
    /// already.
    /// </exception>
    public static RecordingWriter Open(string path, RecordingOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new RecordingOptions();
        try
        {
            bool exists = File.Exists(path);
            if (exists && options is { NoClobber: true, Append: false }) throw RecordingErrors.Exists(path);
            bool wasReadOnly = exists && options.Force && MakeWritable(path);
            return new RecordingWriter(path, OpenFile(path, options), new OpenedFile(!exists, wasReadOnly, options.Append));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw RecordingErrors.CannotWrite(path, e);
        }
    }

    /// <summary>
    /// Empties the file, unless it is added to. The first event does so too; where none comes, and the recording shall be
    /// empty then, it is to be called once nothing can be refused any more.
    /// </summary>
    /// <exception cref="XenException"><see cref="XenErrorId.RecordingFailed"/>.</exception>
    public void Begin()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            BeginOnce();
            if (_failure is not null) throw _failure;
        }
    }

    /// <summary>Adds an event. An event that is held is written when it has its answer, or at the end.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.RecordingFailed"/>: the disk is full, or the like.</exception>
    public void Write(VmEvent vmEvent)
    {
        ArgumentNullException.ThrowIfNull(vmEvent);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            BeginOnce();
            if (_failure is not null) throw _failure;
            _lines.WriteLossesBefore(vmEvent);
            _unsettled.Add(vmEvent);
            if (_buffer.WrittenCount >= FlushAt) Attempt(EmptyBuffer);
            if (_failure is not null) throw _failure;
        }
    }

    /// <summary>Writes what is left and ends the file. One that was not begun is as it was before.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.RecordingFailed"/>: the disk is full, or the like.</exception>
    public void Close()
    {
        _timer.Dispose();
        lock (_gate)
        {
            if (_isClosed) return;
            _isClosed = true;
            _unsettled.Release(_ => true);
            _lines.WriteLastLosses();
            Attempt(EmptyBuffer);
            Attempt(EndMember);
            Attempt(_file.Dispose);
            if (_found.IsNew && !_hasBegun) Attempt(() => File.Delete(_path));
            if (_found.WasReadOnly) Attempt(() => File.SetAttributes(_path, File.GetAttributes(_path) | FileAttributes.ReadOnly));
            _lines.Dispose();
            if (_failure is not null) throw _failure;
        }
    }

    /// <summary>The same, where nobody can be told any more of what goes wrong.</summary>
    public void Dispose()
    {
        try
        {
            Close();
        }
        catch (XenException)
        {
            // Whoever wants to know calls Close.
        }
    }

    private static bool IsCompressed(string path) => path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);

    private static bool MakeWritable(string path)
    {
        FileAttributes attributes = File.GetAttributes(path);
        if ((attributes & FileAttributes.ReadOnly) == 0) return false;
        File.SetAttributes(path, attributes & ~FileAttributes.ReadOnly);
        return true;
    }

    /// <summary>It holds a guest's registers: nobody else may read it. Whoever truncates it meanwhile, each write goes to its end.</summary>
    private static FileStream OpenFile(string path, RecordingOptions options)
    {
        FileStreamOptions how = new()
        {
            Mode = options is { NoClobber: true, Append: false } ? FileMode.CreateNew : FileMode.OpenOrCreate,
            Access = options.Append ? FileAccess.ReadWrite : FileAccess.Write,
            Share = FileShare.Read,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows()) how.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        FileStream file = new(path, how);
        if (file.CanSeek && OperatingSystem.IsLinux()) Libc.WriteToTheEnd(file.SafeFileHandle);
        return file;
    }

    private void BeginOnce()
    {
        if (_hasBegun) return;
        _hasBegun = true;
        if (!_file.CanSeek) return;
        if (_found.GoesOn) Attempt(EndLastLine);
        else Attempt(() => _file.SetLength(0));
    }

    /// <summary>What a writer that was killed left of its last line shall not spoil the first one of this.</summary>
    private void EndLastLine()
    {
        if (_isCompressed || _file.Length == 0) return;
        _file.Seek(-1, SeekOrigin.End);
        if (_file.ReadByte() != '\n') _file.WriteByte((byte)'\n');
    }

    private void EmptyBuffer()
    {
        if (_buffer.WrittenCount == 0) return;
        _isUnflushed = true;
        if (_isCompressed) Compress(_buffer.WrittenSpan);
        else _file.Write(_buffer.WrittenSpan);
        _buffer.ResetWrittenCount();
    }

    private void Compress(ReadOnlySpan<byte> lines)
    {
        // Truncated by whoever rotates it: what follows could not be read without a beginning.
        if (_file.CanSeek && _file.Length < _fileSize) _member = null;
        _member ??= new GZipStream(_file, CompressionLevel.Fastest, leaveOpen: true);
        _member.Write(lines);
        _memberSize += lines.Length;
        if (_memberSize >= MemberSize) EndMember();
        if (_file.CanSeek) _fileSize = _file.Length;
    }

    private void EndMember()
    {
        _memberSize = 0;
        using GZipStream? member = _member;
        _member = null;
    }

    /// <summary>Each second, so that no more is lost when this process, or the machine, goes down.</summary>
    private void FlushInTime()
    {
        lock (_gate)
        {
            if (_isClosed || _failure is not null) return;
            _unsettled.Release(e => e.ResponseState != ResponseState.Held);
            Attempt(EmptyBuffer);
            if (!_isUnflushed) return;
            _isUnflushed = false;
            Attempt(() => _member?.Flush());
            if (_isCompressed && _file.CanSeek) Attempt(() => _fileSize = _file.Length);
        }

        // Not under the lock: the pipeline does not wait for the disk.
        try
        {
            RandomAccess.FlushToDisk(_file.SafeFileHandle);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // What the disk refuses, the next write tells of; closed meanwhile, nothing is left to flush.
        }
    }

    private void Attempt(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (RecordingErrors.IsFailedWrite(e))
        {
            _failure ??= RecordingErrors.CannotWrite(_path, e);
        }
    }

    /// <summary>How the file was found, and what is done with what is in it.</summary>
    private sealed record OpenedFile(bool IsNew, bool WasReadOnly, bool GoesOn);
}

/// <summary>What to do with a file that is there already.</summary>
public sealed record RecordingOptions
{
    /// <summary>Add to it; else it is overwritten.</summary>
    public bool Append { get; init; }

    /// <summary>Leave it as it is, and fail. Where it may be appended to, that is done.</summary>
    public bool NoClobber { get; init; }

    /// <summary>Write it even if it is marked as read-only; it is marked so again at the end.</summary>
    public bool Force { get; init; }
}
