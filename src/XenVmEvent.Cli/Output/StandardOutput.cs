using Microsoft.Win32.SafeHandles;

namespace XenVmEvent.Cli;

/// <summary>The process's standard output as a stream that throws <see cref="IOException"/> when its reader has gone.</summary>
internal static class StandardOutput
{
    /// <summary>Its number.</summary>
    public const int Descriptor = 1;

    /// <summary>Opens it, before anything is done whose result nobody could see.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.OutputFailed"/>: it is closed, or for reading.</exception>
    public static Stream Open()
    {
        if (!StandardStreams.CanWrite(Descriptor)) throw Closed();

        // Console's stream goes on silently when nobody reads any more, and would watch for nobody. A FileStream says
        // so, but on a regular file it keeps a place of its own, and would write over what others append to the file.
        FileStream direct = new(new SafeFileHandle(Descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        return direct.CanSeek ? Console.OpenStandardOutput() : direct;
    }

    /// <summary>The error of one that is closed, or for reading.</summary>
    public static XenException Closed() => Failed("it is closed, or can only be read");

    /// <summary>Whether this is how a write to it fails: a disk that is full, a descriptor that is closed, a file that has the length that a process may give one.</summary>
    public static bool IsFailure(Exception e) => e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" };

    /// <summary>The error for people.</summary>
    public static XenException Failed(Exception cause) => Failed(
        cause is ArgumentOutOfRangeException ? "File too large" : (cause.InnerException ?? cause).Message.TrimEnd('.'), cause);

    private static XenException Failed(string why, Exception? cause = null) => new(
        XenErrorId.OutputFailed, $"Standard output cannot be written: {why}.", "Make room, or send it elsewhere.", cause);
}
