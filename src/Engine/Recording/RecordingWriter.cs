using System.Buffers;
using System.IO.Compression;
using XenVmEvent.Events;

namespace XenVmEvent.Recording;

/// <summary>
/// Writes events to a file, compressed where its name ends with <c>.gz</c>. An event is written once the guest has its
/// answer, so that this is recorded too, and reaches the disk within a second.
/// </summary>
public sealed class RecordingWriter : IDisposable
{
    private const int FlushAt = 64 * 1024;

    private static readonly TimeSpan FlushPeriod = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly FileStream _file;
    private readonly Stream _content;
    private readonly bool _wasReadOnly;
    private readonly ArrayBufferWriter<byte> _buffer = new(FlushAt * 2);
    private readonly EventLineWriter _lines;
    private readonly UnsettledEvents _unsettled;
    private readonly Timer _timer;
    private XenException? _failure;
    private bool _isUnflushed;
    private bool _isClosed;

    private RecordingWriter(string path, FileStream file, bool wasReadOnly)
    {
        _path = path;
        _file = file;
        _wasReadOnly = wasReadOnly;
        _content = IsCompressed(path) ? new GZipStream(file, CompressionLevel.Fastest) : file;
        _lines = new EventLineWriter(_buffer);
        _unsettled = new UnsettledEvents(_lines.Write);
        _timer = new Timer(_ => FlushInTime(), null, FlushPeriod, FlushPeriod);
    }

    /// <summary>Creates a recording, or opens one to be added to.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.RecordingFailed"/>: it cannot be created. <see cref="XenErrorId.RecordingExists"/>: there is one
    /// already. <see cref="XenErrorId.InvalidRecording"/>: what were appended to it could not be read.
    /// </exception>
    public static RecordingWriter Open(string path, RecordingOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new RecordingOptions();
        try
        {
            bool exists = File.Exists(path);
            if (exists && options is { NoClobber: true, Append: false }) throw RecordingErrors.Exists(path);
            bool goesOn = exists && options.Append && new FileInfo(path).Length > 0;
            if (goesOn && IsCompressed(path) && !RecordingFile.IsWhole(path)) throw RecordingErrors.TornArchive(path);
            bool wasReadOnly = exists && options.Force && MakeWritable(path);
            FileStream file = OpenFile(path, options);
            if (goesOn && !IsCompressed(path)) EndLastLine(file);
            return new RecordingWriter(path, file, wasReadOnly);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw RecordingErrors.CannotWrite(path, e);
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
            if (_failure is not null) throw _failure;
            _unsettled.Add(vmEvent);
            if (_buffer.WrittenCount >= FlushAt) Attempt(EmptyBuffer);
            if (_failure is not null) throw _failure;
        }
    }

    /// <summary>Writes what is left and ends the file.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.RecordingFailed"/>: the disk is full, or the like.</exception>
    public void Close()
    {
        _timer.Dispose();
        lock (_gate)
        {
            if (_isClosed) return;
            _isClosed = true;
            _unsettled.Release(_ => true);
            Attempt(EmptyBuffer);
            Attempt(_content.Dispose);
            Attempt(_file.Dispose);
            if (_wasReadOnly) Attempt(() => File.SetAttributes(_path, File.GetAttributes(_path) | FileAttributes.ReadOnly));
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

    private static FileStream OpenFile(string path, RecordingOptions options)
    {
        FileMode mode = options.Append ? FileMode.OpenOrCreate : options.NoClobber ? FileMode.CreateNew : FileMode.Create;
        FileAccess access = options.Append ? FileAccess.ReadWrite : FileAccess.Write;
        FileStream file = new(path, mode, access, FileShare.Read, bufferSize: 0);
        if (options.Append) file.Seek(0, SeekOrigin.End);
        return file;
    }

    /// <summary>What a writer that was killed left of its last line shall not spoil the first one of this.</summary>
    private static void EndLastLine(FileStream file)
    {
        file.Seek(-1, SeekOrigin.End);
        if (file.ReadByte() != '\n') file.WriteByte((byte)'\n');
    }

    private void EmptyBuffer()
    {
        if (_buffer.WrittenCount == 0) return;
        _isUnflushed = true;
        _content.Write(_buffer.WrittenSpan);
        _buffer.ResetWrittenCount();
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
            Attempt(() => _content.Flush());
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
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _failure ??= RecordingErrors.CannotWrite(_path, e);
        }
    }
}
