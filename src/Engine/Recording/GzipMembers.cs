namespace XenVmEvent.Recording;

/// <summary>
/// A gzip file's members, each of which can be read alone, so that damage spoils one member and not the following ones.
/// Reading returns the bytes of one, from its header to the next header.
/// </summary>
internal sealed class GzipMembers(Stream file) : Stream
{
    private const int HeaderSize = 10;

    /// <summary>The smallest member: its header, an empty block, its trailer.</summary>
    private const int ShortestMember = 20;

    private static ReadOnlySpan<byte> Magic => [0x1f, 0x8b, 0x08];

    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;
    private bool _atEnd;
    private bool _atHeader;
    private long _size;
    private uint _lastBytes;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Bytes that were skipped before the member and belong to none.</summary>
    public long Skipped { get; private set; }

    /// <summary>Whether nothing follows the member.</summary>
    public bool IsLast
    {
        get
        {
            Fill();
            return _atEnd && _start == _end;
        }
    }

    /// <summary>Goes to the next member, past the rest of the previous one.</summary>
    /// <returns>False if there is none.</returns>
    public bool MoveNext()
    {
        Skipped = 0;
        while (true)
        {
            Fill();
            int header = Find(_start);
            Skip((header < 0 ? Unambiguous : header) - _start);
            if (header >= 0) break;
            if (_atEnd) return false;
        }

        _atHeader = true;
        _size = 0;
        return true;
    }

    /// <summary>
    /// Skips the rest of the member, and tells whether it ends properly: with the length of the uncompressed data.
    /// </summary>
    public bool EndsWhole(long length)
    {
        while (true)
        {
            Fill();
            int end = EndOfMember;
            if (end == _start) break;
            Skip(end - _start);
        }

        return _size >= ShortestMember - 2 && _lastBytes == (uint)length;
    }

    public override int Read(Span<byte> buffer)
    {
        Fill();
        int count = Math.Min(buffer.Length, EndOfMember - _start);
        _buffer.AsSpan(_start, count).CopyTo(buffer);
        Skip(count);
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Every header that begins before this point is completely in the buffer.</summary>
    private int Unambiguous => _atEnd ? _end : Math.Max(_start, _end - HeaderSize + 1);

    private int EndOfMember
    {
        get
        {
            int next = Find(_atHeader ? _start + 1 : _start);
            return next < 0 ? Unambiguous : next;
        }
    }

    private void Skip(int count)
    {
        foreach (byte one in _buffer.AsSpan(Math.Max(_start, _start + count - sizeof(uint)), Math.Min(count, sizeof(uint)))) _lastBytes = (_lastBytes >> 8) | ((uint)one << 24);
        _start += count;
        _size += count;
        Skipped += count;
        if (count > 0) _atHeader = false;
    }

    private void Fill()
    {
        if (_atEnd || _end - _start >= 2 * HeaderSize) return;
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        int count = file.ReadAtLeast(_buffer.AsSpan(_end), 2 * HeaderSize, throwOnEndOfStream: false);
        _end += count;
        _atEnd = count < 2 * HeaderSize;
    }

    /// <summary>
    /// The next header at or after a position, -1 if there is none. Compressed bytes look like one about once in a few
    /// hundred gigabytes.
    /// </summary>
    private int Find(int from)
    {
        while (true)
        {
            int at = from > _end ? -1 : _buffer.AsSpan(from, _end - from).IndexOf(Magic);
            if (at < 0 || _end - from - at < HeaderSize) return -1;
            from += at;
            if (_buffer.AsSpan(from, HeaderSize) is [_, _, _, < 0x20, _, _, _, _, 0 or 2 or 4, <= 13 or 255]) return from;
            from++;
        }
    }
}
