using System.Runtime.InteropServices;

namespace XenVmEvent.NativeXen;

/// <summary>The system calls that shared pages and descriptors need, with their own names.</summary>
internal static unsafe partial class Libc
{
    internal const uint MemfdCloseOnExec = 1;
    internal const int ProtectionReadWrite = 3;
    internal const int MapShared = 1;
    internal const int MapAnonymous = 0x20;
    internal const nint MapFailed = -1;
    internal const int UnixSockets = 1;
    internal const int StreamCloseOnExec = 1 | 0x80000;
    internal const int EventFdNonBlocking = 0x800;
    internal const int EventFdCloseOnExec = 0x80000;
    internal const int Interrupt = 2;
    internal const short PollIn = 1;

    private const string Library = "libc";

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int memfd_create(string name, uint flags);

    [LibraryImport(Library)]
    internal static partial int ftruncate(int file, nint length);

    [LibraryImport(Library)]
    internal static partial nint mmap(nint start, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport(Library)]
    internal static partial int munmap(nint start, nuint length);

    [LibraryImport(Library)]
    internal static partial int socketpair(int domain, int type, int protocol, int* sockets);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint read(int file, void* buffer, nuint bytes);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint write(int file, void* buffer, nuint bytes);

    [LibraryImport(Library)]
    internal static partial int poll(PollFd* files, ulong count, int timeout);

    [LibraryImport(Library)]
    internal static partial int eventfd(uint value, int flags);

    [LibraryImport(Library)]
    internal static partial int close(int file);

    [LibraryImport(Library)]
    internal static partial int kill(int process, int signal);

    [LibraryImport(Library)]
    internal static partial int __cxa_atexit(delegate* unmanaged<nint, void> function, nint argument, nint library);

    [LibraryImport(Library)]
    internal static partial void _exit(int status);
}

/// <summary>C's <c>struct pollfd</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollFd
{
    public int Fd;
    public short Events;
    public short Returned;
}
