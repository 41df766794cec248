using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>The system calls for waiting and unmapping, under their own names.</summary>
internal static unsafe partial class Libc
{
    internal const short PollIn = 1;
    internal const short PollError = 8;
    internal const int EventFdNonBlocking = 0x800;
    internal const int EventFdCloseOnExec = 0x80000;

    private const int GetFlags = 3;
    private const int SetFlags = 4;
    private const int Append = 0x400;

    private const string Library = "libc";

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int poll(PollFd* fds, nuint count, int milliseconds);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint read(int fd, void* buffer, nuint bytes);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint write(int fd, void* buffer, nuint bytes);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial SafeFileHandle eventfd(uint value, int flags);

    [LibraryImport(Library, EntryPoint = "read", SetLastError = true)]
    internal static partial nint eventfd_read(SafeFileHandle eventfd, out ulong value, nuint bytes);

    [LibraryImport(Library, EntryPoint = "write", SetLastError = true)]
    internal static partial nint eventfd_write(SafeFileHandle eventfd, in ulong value, nuint bytes);

    [LibraryImport(Library)]
    internal static partial int setsid();

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int kill(int pid, int signal);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int munmap(nint start, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fcntl(SafeFileHandle fd, int command, int argument);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chown(string path, uint user, uint group);

    /// <summary>Gives a file to a group; its user stays. .NET cannot do this.</summary>
    internal static void SetGroup(string path, uint group)
    {
        if (chown(path, uint.MaxValue, group) == 0) return;
        throw new IOException(Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
    }

    /// <summary>Makes every write go to the current end of the file. .NET cannot open a file this way.</summary>
    internal static void WriteToTheEnd(SafeFileHandle file)
    {
        int flags = fcntl(file, GetFlags, 0);
        if (flags >= 0 && fcntl(file, SetFlags, flags | Append) == 0) return;
        throw new IOException(Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
    }
}

/// <summary>C's <c>struct pollfd</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollFd
{
    public int Fd;
    public short Events;
    public short Returned;
}
