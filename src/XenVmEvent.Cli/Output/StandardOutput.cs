using Microsoft.Win32.SafeHandles;

namespace XenVmEvent.Cli;

/// <summary>
/// The process's standard output, as a stream that throws <see cref="IOException"/> if its reader has gone.
/// </summary>
internal static class StandardOutput
{
    /// <summary>Its descriptor.</summary>
    public const int Descriptor = 1;

    private const int BrokenPipe = 32;

    /// <summary>Opens it. This comes first, so that nothing is done whose result nobody could see.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.OutputFailed"/>: it is closed, or can only be read.
    /// </exception>
    public static Stream Open()
    {
        if (!StandardStreams.CanWrite(Descriptor)) throw Closed();

        // Console's stream goes on silently if nobody reads any more, and the watch would go on for nobody. A
        // FileStream throws, but on a regular file it keeps its own position, and would overwrite what others append to
        // the file.
        FileStream direct = new(new SafeFileHandle(Descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        return direct.CanSeek ? Console.OpenStandardOutput() : direct;
    }

    /// <summary>The error for a standard output that is closed, or can only be read.</summary>
    public static XenException Closed() => Failed("it is closed, or can only be read");

    /// <summary>Does what writes to it.</summary>
    /// <returns>Why not everything could be written; null if it could, or if nobody reads it any more.</returns>
    public static XenException? Attempt(Action write)
    {
        try
        {
            write();
        }
        catch (IOException e) when (e.HResult == BrokenPipe)
        {
            // The reader of our output has gone away.
        }
        catch (Exception e) when (IsFailure(e))
        {
            return Failed(e);
        }

        return null;
    }

    /// <summary>
    /// Whether a write to it fails with this exception: the disk is full, the descriptor is closed, or the file has
    /// reached the length that a process may give it.
    /// </summary>
    public static bool IsFailure(Exception e) => e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" };

    /// <summary>The error for people.</summary>
    public static XenException Failed(Exception cause) => Failed(
        cause is ArgumentOutOfRangeException ? "File too large" : (cause.InnerException ?? cause).Message.TrimEnd('.'), cause);

    private static XenException Failed(string why, Exception? cause = null) => new(
        XenErrorId.OutputFailed, $"Standard output cannot be written: {why}.", "Make room, or send it elsewhere.", cause);
}
