using Microsoft.Win32.SafeHandles;

namespace XenVmEvent.Agent;

/// <summary>The file of a spool's last segment, to which is appended. Used under the spool's lock.</summary>
internal sealed class SpoolTail : IDisposable
{
    private SafeFileHandle? _file;
    private bool _isUnflushed;

    /// <summary>Whether there is one.</summary>
    public bool IsOpen => _file is not null;

    /// <summary>Closes the file, and makes that of the next segment.</summary>
    /// <exception cref="IOException">The disk is full, or fails.</exception>
    public void Begin(SpoolSegment segment)
    {
        if (_file is not null)
        {
            RandomAccess.FlushToDisk(_file);
            _file.Dispose();
            _file = null;
        }

        _file = File.OpenHandle(segment.Path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>Appends all of some lines, or nothing.</summary>
    /// <exception cref="IOException">The disk is full, or fails.</exception>
    public void Append(SpoolSegment segment, ReadOnlySpan<byte> lines)
    {
        try
        {
            RandomAccess.Write(_file!, lines, segment.Length);
        }
        catch (IOException)
        {
            Cut(segment);
            throw;
        }

        segment.Length += lines.Length;
        _isUnflushed = true;
    }

    /// <summary>The file, if something of it is not on the disk itself; then somebody has to flush it.</summary>
    public SafeFileHandle? TakeUnflushed()
    {
        SafeFileHandle? file = _isUnflushed ? _file : null;
        _isUnflushed = false;
        return file;
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    /// <summary>Takes away what a failed append has left.</summary>
    private void Cut(SpoolSegment segment)
    {
        try
        {
            RandomAccess.SetLength(_file!, segment.Length);
        }
        catch (IOException)
        {
            // The next one is written to the same place.
        }
    }
}
