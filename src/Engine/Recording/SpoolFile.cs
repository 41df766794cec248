namespace XenVmEvent.Recording;

/// <summary>
/// A file without a name, for data that its process keeps on the disk temporarily. It holds a guest's registers, so
/// nobody else may read it.
/// </summary>
/// <param name="folder">The folder in which it is made when something is written.</param>
/// <param name="reservedBytes">How much space on its disk is left to others.</param>
internal sealed class SpoolFile(string folder, long reservedBytes) : IDisposable
{
    private FileStream? _file;
    private long _end;

    /// <returns>Its offset.</returns>
    /// <exception cref="IOException">There is no space, or the disk fails.</exception>
    public (long Offset, int Length) Write(ReadOnlySpan<byte> bytes)
    {
        _file ??= Create();
        if (new DriveInfo(folder).AvailableFreeSpace - bytes.Length < reservedBytes) throw new IOException($"The disk of {folder} is full.");
        RandomAccess.Write(_file.SafeFileHandle, bytes, _end);
        (long, int) place = (_end, bytes.Length);
        _end += bytes.Length;
        return place;
    }

    /// <exception cref="IOException">It cannot be read.</exception>
    public byte[] Read((long Offset, int Length) place)
    {
        byte[] bytes = new byte[place.Length];
        int read = 0;
        while (read < bytes.Length)
        {
            int count = _file is null ? 0 : RandomAccess.Read(_file.SafeFileHandle, bytes.AsSpan(read), place.Offset + read);
            if (count == 0) throw new EndOfStreamException("The file ends before what was written to it.");
            read += count;
        }

        return bytes;
    }

    /// <summary>Frees its space: nothing in it is needed any more.</summary>
    public void Empty()
    {
        if (_end == 0) return;
        _end = 0;
        _file?.SetLength(0);
    }

    public void Dispose() => _file?.Dispose();

    private FileStream Create()
    {
        FileStreamOptions how = new()
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            BufferSize = 0,
            Options = FileOptions.DeleteOnClose,
        };
        if (!OperatingSystem.IsWindows()) how.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        string path = Path.Combine(folder, $"xenvmevent-{Guid.NewGuid():N}");
        try
        {
            FileStream file = new(path, how);

            // Nothing is left of it, however this process ends.
            if (!OperatingSystem.IsWindows()) File.Delete(path);
            return file;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }
}
