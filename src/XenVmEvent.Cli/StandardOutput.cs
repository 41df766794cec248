using Microsoft.Win32.SafeHandles;

namespace XenVmEvent.Cli;

/// <summary>The process's standard output as a stream that throws <see cref="IOException"/> when its reader has gone.</summary>
internal static class StandardOutput
{
    private const nint Descriptor = 1;

    public static Stream Open()
    {
        // Console's stream goes on silently when nobody reads any more, and would watch for nobody. A FileStream says
        // so, but on a regular file it keeps a place of its own, and would write over what others append to the file.
        FileStream direct = new(new SafeFileHandle(Descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        return direct.CanSeek ? Console.OpenStandardOutput() : direct;
    }
}
