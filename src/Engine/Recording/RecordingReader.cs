using XenVmEvent.Events;

namespace XenVmEvent.Recording;

/// <summary>Reads recorded events, as <see cref="RecordingWriter"/> or <c>xenvmevent</c> wrote them. Used by one thread.</summary>
public sealed class RecordingReader : IDisposable
{
    private const int LongestLine = 1 << 20;

    private readonly RecordingFile _file;
    private readonly string _path;
    private readonly EventLineReader _lines = new();
    private byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;
    private bool _atEnd;

    private RecordingReader(RecordingFile file, string path)
    {
        _file = file;
        _path = path;
    }

    /// <summary>The number of the line that was read last, from 1.</summary>
    public long Line { get; private set; }

    /// <summary>At the end: the recording breaks off, as it does when its writer is killed or still at it.</summary>
    public bool IsTorn { get; private set; }

    /// <summary>Opens a recording.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.RecordingFailed"/>: it cannot be opened.</exception>
    public static RecordingReader Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            return new RecordingReader(new RecordingFile(path), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw RecordingErrors.CannotRead(path, e);
        }
    }

    /// <summary>Reads the next event.</summary>
    /// <returns>Null at the end. A last line that breaks off is left out: see <see cref="IsTorn"/>.</returns>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.InvalidRecording"/>: the line is no event; the next call goes on with the next line.
    /// <see cref="XenErrorId.RecordingFailed"/>: the file cannot be read on.
    /// </exception>
    public VmEvent? Read()
    {
        while (TryReadLine(out ReadOnlySpan<byte> line, out bool isWhole))
        {
            if (line.IsEmpty) continue;
            try
            {
                return _lines.Read(line);
            }
            catch (FormatException e) when (isWhole)
            {
                throw RecordingErrors.NoEvent(_path, Line, e);
            }
            catch (FormatException)
            {
                IsTorn = true;
            }
        }

        IsTorn |= _file.IsTorn;
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private bool TryReadLine(out ReadOnlySpan<byte> line, out bool isWhole)
    {
        int searched = 0;
        while (true)
        {
            int length = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            isWhole = length >= 0;
            if (isWhole || (_atEnd && _start < _end))
            {
                length = isWhole ? searched + length : _end - _start;
                line = Bare(_buffer.AsSpan(_start, length));
                _start += isWhole ? length + 1 : length;
                Line++;
                return true;
            }

            line = default;
            if (_atEnd) return false;
            searched = _end - _start;
            Fill();
        }
    }

    /// <summary>Without a carriage return, and without the mark that some editors put before everything.</summary>
    private ReadOnlySpan<byte> Bare(ReadOnlySpan<byte> line)
    {
        if (Line == 0 && line.StartsWith("\uFEFF"u8)) line = line[3..];
        return line.TrimEnd((byte)'\r');
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            if (_end >= LongestLine) throw TooLong();
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        try
        {
            int count = _file.Read(_buffer.AsSpan(_end));
            _end += count;
            _atEnd = count == 0;
        }
        catch (IOException e)
        {
            throw RecordingErrors.CannotRead(_path, e);
        }
    }

    private XenException TooLong()
    {
        // No recording at all: nothing more is read.
        _start = _end;
        _atEnd = true;
        return RecordingErrors.NoEvent(_path, Line + 1, new FormatException("it is longer than an event's line can be"));
    }
}
