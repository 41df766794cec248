using Microsoft.Win32.SafeHandles;

namespace XenVmEvent.Agent;

/// <summary>The file of a spool's last segment, to which is appended. Used under the spool's lock.</summary>
internal sealed class SpoolTail : IDisposable
{
    private readonly List<SafeFileHandle> _full = [];
    private SafeFileHandle? _file;
    private bool _isUnflushed;

    /// <summary>Whether there is one.</summary>
    public bool IsOpen => _file is not null;

    /// <summary>Leaves the file, and makes that of the next segment.</summary>
    /// <exception cref="IOException">The disk is full, or fails.</exception>
    public void Begin(SpoolSegment segment)
    {
        if (_file is not null)
        {
            _full.Add(_file);
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

    /// <summary>Files of which something may not be on the disk itself. Somebody has to flush them.</summary>
    /// <returns>Those that are full, which are the caller's now, and the last one, if something was appended to it.</returns>
    public (SafeFileHandle[] Full, SafeFileHandle? Last) TakeUnflushed()
    {
        SafeFileHandle[] full = [.. _full];
        _full.Clear();
        SafeFileHandle? last = _isUnflushed ? _file : null;
        _isUnflushed = false;
        return (full, last);
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
