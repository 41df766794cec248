using XenVmEvent.Events;

namespace XenVmEvent.Recording;

/// <summary>
/// Reads recorded events, as <see cref="RecordingWriter"/> or <c>xenvmevent</c> wrote them, and continues after damage
/// of any kind and size. Used by one thread.
/// </summary>
public sealed class RecordingReader : IDisposable
{
    private const int LongestLine = 1 << 20;

    private readonly RecordingFile _file;
    private readonly string _path;
    private readonly EventLineReader _lines;
    private byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;
    private bool _atEnd;
    private VmEvent? _next;
    private bool _isWithinLine;

    private RecordingReader(RecordingFile file, string path, EventSelection? selection)
    {
        _lines = new EventLineReader(selection);
        _file = file;
        _path = path;
    }

    /// <summary>The number of the last line read, from 1.</summary>
    public long Line { get; private set; }

    /// <summary>At the end: the recording is truncated, as when its writer is killed or still writing.</summary>
    public bool IsTorn { get; private set; }

    /// <summary>The missing events, as far as was read: when they came, and why they are missing.</summary>
    public IReadOnlyList<EventLoss> Losses
    {
        get
        {
            long none = 0;
            return _lines.Losses.Since(ref none);
        }
    }

    /// <summary>Opens a recording.</summary>
    /// <param name="path">The file.</param>
    /// <param name="selection">The events to read; the others are skipped. Null: all.</param>
    /// <exception cref="XenException"><see cref="XenErrorId.RecordingFailed"/>: it cannot be opened.</exception>
    public static RecordingReader Open(string path, EventSelection? selection = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            return new RecordingReader(new RecordingFile(path), path, selection);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw RecordingErrors.CannotRead(path, e);
        }
    }

    /// <summary>Reads the next event.</summary>
    /// <returns>Null at the end. A truncated last line is skipped: see <see cref="IsTorn"/>.</returns>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.InvalidRecording"/>: before the next event, or the end, there are lines that are not
    /// events; the next call continues after them. <see cref="XenErrorId.RecordingFailed"/>: reading the file failed.
    /// </exception>
    public VmEvent? Read()
    {
        if (_next is { } kept)
        {
            _next = null;
            return kept;
        }

        BrokenLines? broken = null;
        VmEvent? vmEvent = ReadPast(ref broken);
        if (broken is null) return vmEvent;
        _next = vmEvent;
        throw RecordingErrors.NoEvents(_path, broken.First, broken.Last, broken.Cause);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private VmEvent? ReadPast(ref BrokenLines? broken)
    {
        while (TryReadLine(out ReadOnlySpan<byte> line, out bool isWhole, out string? damage))
        {
            if (damage is not null) broken = BrokenLines.Add(broken, Line, new FormatException(damage));
            if (line.IsEmpty) continue;
            try
            {
                if (_lines.Read(line) is { } vmEvent) return vmEvent;
            }
            catch (FormatException e)
            {
                // A truncated line without an end may be followed by a complete line.
                if (TryReadEndOf(line) is { } vmEvent)
                {
                    broken = BrokenLines.Add(broken, Line, e);
                    return vmEvent;
                }

                if (isWhole) broken = BrokenLines.Add(broken, Line, e);
                else IsTorn = true;
            }
        }

        IsTorn |= _file.IsTorn;
        return null;
    }

    private VmEvent? TryReadEndOf(ReadOnlySpan<byte> line)
    {
        int start = line.LastIndexOf(EventLineWriter.Beginning);
        if (start <= 0) return null;
        try
        {
            return _lines.Read(line[start..]);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>
    /// A line ends with its line feed, or with a NUL, which no line contains: there the file has a hole or is damaged.
    /// </summary>
    /// <param name="line">The line; if it is too long, its end.</param>
    /// <param name="isWhole">Whether it has an end.</param>
    /// <param name="damage">What is wrong before it or with it, regardless of its contents; null: nothing.</param>
    private bool TryReadLine(out ReadOnlySpan<byte> line, out bool isWhole, out string? damage)
    {
        damage = null;
        if (SkipNuls()) damage = "there are NULs in its place, as in a truncated or damaged file";
        int searched = 0;
        while (true)
        {
            int length = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOfAny((byte)'\n', RecordingFile.Damage);
            isWhole = length >= 0;
            if (isWhole || (_atEnd && (_start < _end || damage is not null)))
            {
                length = isWhole ? searched + length : _end - _start;
                if (!_isWithinLine) Line++;
                line = Bare(_buffer.AsSpan(_start, length));

                // A NUL is left for the next call to report.
                _isWithinLine = isWhole && _buffer[_start + length] != '\n';
                _start += isWhole && !_isWithinLine ? length + 1 : length;
                return true;
            }

            line = default;
            if (_atEnd) return false;
            searched = _end - _start;
            if (!Fill()) continue;
            damage = "it is longer than an event's line can be";
            searched = _end - _start;
        }
    }

    /// <returns>Whether there were any.</returns>
    private bool SkipNuls()
    {
        bool any = false;
        while (true)
        {
            int count = _buffer.AsSpan(_start, _end - _start).IndexOfAnyExcept(RecordingFile.Damage);
            any |= count > 0 || (count < 0 && _start < _end);
            _start = count < 0 ? _end : _start + count;
            if (count >= 0 || _atEnd) return any;
            Fill();
        }
    }

    /// <summary>Removes a carriage return, and the byte order mark that some editors write at the beginning.</summary>
    private ReadOnlySpan<byte> Bare(ReadOnlySpan<byte> line)
    {
        if (Line == 1 && line.StartsWith("\uFEFF"u8)) line = line[3..];
        return line.TrimEnd((byte)'\r');
    }

    /// <returns>Whether the line has become too long, so that its beginning was discarded.</returns>
    private bool Fill()
    {
        bool isTooLong = _end - _start >= LongestLine;
        if (isTooLong) _start = _end - (LongestLine / 2);
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
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

        return isTooLong;
    }

    /// <summary>Consecutive lines, possibly with marks of losses between them, that are not events.</summary>
    private sealed record BrokenLines(long First, long Last, FormatException Cause)
    {
        public static BrokenLines Add(BrokenLines? lines, long line, FormatException cause) =>
            lines is null ? new BrokenLines(line, line, cause) : lines with { Last = line };
    }
}
