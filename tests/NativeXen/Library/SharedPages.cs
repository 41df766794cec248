using XenVmEvent.Abi;
using XenVmEvent.NativeXen;

namespace XenVmEvent.Simulation;

/// <summary>
/// Pages that simulated Xen and a program share, each with its own mapping. The program unmaps its mapping itself, at
/// any time. Stands in for the simulator's class of the same name.
/// </summary>
internal sealed unsafe class SharedPages
{
    private readonly int _file;
    private readonly int _length;

    public SharedPages(int bytes)
    {
        _length = (bytes + SharedMemory.PageSize - 1) / SharedMemory.PageSize * SharedMemory.PageSize;
        _file = Check(Libc.memfd_create("vm_event", Libc.MemfdCloseOnExec));
        Check(Libc.ftruncate(_file, _length));
        Xen = Map((start, bytes) =>
        {
            Unmap(start, bytes);
            _ = Libc.close(_file);
        });
        Listener = Map(release: null);
    }

    /// <summary>Xen's own mapping.</summary>
    public SharedMemory Xen { get; }

    /// <summary>The program's mapping, which it unmaps.</summary>
    public SharedMemory Listener { get; }

    /// <summary>Another mapping, which the caller disposes.</summary>
    public SharedMemory Map() => Map(Unmap);

    private static void Unmap(nint start, int bytes) => _ = Libc.munmap(start, (nuint)bytes);

    private SharedMemory Map(Action<nint, int>? release)
    {
        nint start = Libc.mmap(0, (nuint)_length, Libc.ProtectionReadWrite, Libc.MapShared, _file, 0);
        return start != Libc.MapFailed ? new SharedMemory(start, _length, release) : throw new IOException("The system has no memory or descriptors left.");
    }

    private static int Check(int result) => result >= 0 ? result : throw new IOException("The system has no memory or descriptors left.");
}
