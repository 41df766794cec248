using System.Buffers;
using System.IO.Compression;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor.Xen;

namespace XenVmEvent.Recording;

/// <summary>
/// Writes events to a file, compressed if its name ends with <c>.gz</c>. An event is written once the guest has its
/// answer, so that the answer is recorded too. It reaches the disk within a second.
/// </summary>
public sealed class RecordingWriter : IDisposable
{
    private const int FlushAt = 64 * 1024;

    /// <summary>
    /// Bytes of lines in one member of a compressed file. Damage costs no more than this, because each member can be
    /// read alone.
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

    /// <summary>Whether the existing contents were overwritten, or are being appended to.</summary>
    public bool HasBegun
    {
        get
        {
            lock (_gate) return _hasBegun;
        }
    }

    /// <summary>
    /// Creates a recording, or opens one for appending. The file's contents stay until <see cref="Begin"/>.
    /// </summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.RecordingFailed"/>: it cannot be created. <see cref="XenErrorId.RecordingExists"/>: the
    /// file exists.
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
    /// Empties the file, unless it is appended to. The first event does so too. If the recording shall be empty even
    /// when no event comes, call this once nothing can be refused any more.
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

    /// <summary>Adds an event. A held event is written when it has its answer, or at the end.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.RecordingFailed"/>: for example, the disk is full.
    /// </exception>
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

    /// <summary>Writes the rest and closes the file. A recording that was not begun is left unchanged.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.RecordingFailed"/>: for example, the disk is full.
    /// </exception>
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

    /// <summary>The same, when errors can no longer be reported.</summary>
    public void Dispose()
    {
        try
        {
            Close();
        }
        catch (XenException)
        {
            // Callers that want to know call Close.
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

    /// <summary>
    /// It holds a guest's registers, so nobody else may read it. Each write goes to the end of the file, even if
    /// somebody truncates it meanwhile.
    /// </summary>
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

    /// <summary>The truncated last line of a killed writer must not spoil the first line of this one.</summary>
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
        // Log rotation truncated it: without a beginning, what follows could not be read.
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

    /// <summary>Every second, so that no more is lost when this process, or the machine, goes down.</summary>
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
            // If the disk refuses, the next write reports it; if the file was closed meanwhile, there is nothing to
            // flush.
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

    /// <summary>How the file was found, and what happens to its contents.</summary>
    private sealed record OpenedFile(bool IsNew, bool WasReadOnly, bool GoesOn);
}

/// <summary>What to do with an existing file.</summary>
public sealed record RecordingOptions
{
    /// <summary>Append to it; otherwise it is overwritten.</summary>
    public bool Append { get; init; }

    /// <summary>Leave it unchanged and fail, unless it may be appended to.</summary>
    public bool NoClobber { get; init; }

    /// <summary>Write it even if it is read-only; it is made read-only again at the end.</summary>
    public bool Force { get; init; }
}
