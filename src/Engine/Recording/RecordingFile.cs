using System.Buffers.Binary;
using System.IO.Compression;

namespace XenVmEvent.Recording;

/// <summary>A recording's bytes as they come from its file, compressed or not.</summary>
internal sealed class RecordingFile : IDisposable
{
    /// <summary>Bytes of the shortest gzip file: a header and a trailer.</summary>
    private const int ShortestGzip = 18;

    private readonly FileStream _file;
    private readonly Stream _content;
    private long _length;

    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be.</exception>
    public RecordingFile(string path)
    {
        _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        Span<byte> magic = stackalloc byte[2];
        int read = _file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
        IsCompressed = read == magic.Length && magic is [0x1f, 0x8b];
        _file.Position = 0;
        _content = IsCompressed ? new GZipStream(_file, CompressionMode.Decompress) : _file;
    }

    /// <summary>Whether it is a gzip file, whatever its name says.</summary>
    public bool IsCompressed { get; }

    /// <summary>At the end: the compressed file breaks off, as it does when its writer is killed.</summary>
    public bool IsTorn { get; private set; }

    /// <returns>How many bytes came; 0 at the end, also where a compressed file breaks off.</returns>
    public int Read(Span<byte> buffer)
    {
        int count;
        try
        {
            count = _content.Read(buffer);
        }
        catch (InvalidDataException)
        {
            count = 0;
            IsTorn = true;
        }

        _length += count;
        if (count == 0 && IsCompressed) IsTorn |= EndsTorn();
        return count;
    }

    /// <summary>Whether a compressed file was written to its end.</summary>
    public static bool IsWhole(string path)
    {
        using RecordingFile file = new(path);
        if (!file.IsCompressed) return false;
        byte[] buffer = new byte[64 * 1024];
        while (file.Read(buffer) > 0)
        {
        }

        return !file.IsTorn;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _content.Dispose();
        _file.Dispose();
    }

    /// <summary>
    /// .NET's decoder does not tell. The last four bytes of a whole file are the length of what was compressed last, which is
    /// no more than came out; those of a torn one are anything, or what a flush leaves there, 0xffff0000.
    /// </summary>
    private bool EndsTorn()
    {
        if (_file.Length < ShortestGzip) return true;
        Span<byte> last = stackalloc byte[sizeof(uint)];
        RandomAccess.Read(_file.SafeFileHandle, last, _file.Length - last.Length);
        return BinaryPrimitives.ReadUInt32LittleEndian(last) > _length;
    }
}
