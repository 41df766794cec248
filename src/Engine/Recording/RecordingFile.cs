using System.IO.Compression;

namespace XenVmEvent.Recording;

/// <summary>The uncompressed bytes of a recording's file, compressed or not.</summary>
internal sealed class RecordingFile : IDisposable
{
    private readonly FileStream _file;
    private readonly GzipMembers? _members;
    private GZipStream? _member;
    private long _length;

    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied.</exception>
    public RecordingFile(string path)
    {
        _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (IsCompressed(path)) _members = new GzipMembers(_file);
    }

    /// <summary>
    /// Stands for damaged bytes. No event contains this byte, so it ends the line in which it is, and that line is
    /// recognised as no event.
    /// </summary>
    public const byte Damage = 0;

    /// <summary>At the end: the compressed file is truncated, as when its writer is killed.</summary>
    public bool IsTorn { get; private set; }

    /// <returns>How many bytes came; 0 at the end, also if a compressed file is truncated.</returns>
    public int Read(Span<byte> buffer)
    {
        if (_members is null) return _file.Read(buffer);
        while (true)
        {
            if (_member is null)
            {
                bool isThere = _members.MoveNext();
                if (!isThere)
                {
                    IsTorn |= _members.Skipped > 0;
                    return 0;
                }

                _member = new GZipStream(_members, CompressionMode.Decompress, leaveOpen: true);
                _length = 0;
                if (_members.Skipped > 0) return Mark(buffer);
            }

            int count = Decompress(buffer, out bool isWhole);
            _length += count;
            if (count > 0) return count;
            isWhole &= _members.EndsWhole(_length);
            _member.Dispose();
            _member = null;
            if (isWhole) continue;
            if (!_members.IsLast) return Mark(buffer);
            IsTorn = true;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _member?.Dispose();
        _members?.Dispose();
        _file.Dispose();
    }

    private static int Mark(Span<byte> buffer)
    {
        buffer[0] = Damage;
        return 1;
    }

    private int Decompress(Span<byte> buffer, out bool isWhole)
    {
        isWhole = true;
        try
        {
            return _member!.Read(buffer);
        }
        catch (InvalidDataException)
        {
            isWhole = false;
            return 0;
        }
    }

    /// <summary>
    /// The first bytes of a file decide, whatever its name. If they are damaged, the name decides whether to look for a
    /// member.
    /// </summary>
    private bool IsCompressed(string path)
    {
        if (!_file.CanSeek) return false;
        bool isNamedSo = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
        Span<byte> magic = stackalloc byte[2];
        int read = _file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
        _file.Position = 0;

        // In a file that is being written, the first bytes may still be missing.
        if (read < magic.Length) return isNamedSo;
        bool isGzip = magic is [0x1f, 0x8b];
        if (isGzip || !isNamedSo) return isGzip;
        using GzipMembers members = new(_file);
        bool hasAny = members.MoveNext();
        _file.Position = 0;
        return hasAny;
    }
}
