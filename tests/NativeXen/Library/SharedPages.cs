using XenVmEvent.Abi;
using XenVmEvent.NativeXen;

namespace XenVmEvent.Hypervisor.Simulation;

/// <summary>
/// Pages that simulated Xen and a program share, each by a mapping of its own: the program unmaps its one itself,
/// whenever it likes. Stands in for the engine's class of the same name.
/// </summary>
internal sealed unsafe class SharedPages
{
    public SharedPages(int bytes)
    {
        int length = (bytes + SharedMemory.PageSize - 1) / SharedMemory.PageSize * SharedMemory.PageSize;
        int file = Check(Libc.memfd_create("vm_event", Libc.MemfdCloseOnExec));
        Check(Libc.ftruncate(file, length));
        Xen = Map(file, length, static (start, bytes) => _ = Libc.munmap(start, (nuint)bytes));
        Listener = Map(file, length, release: null);
        _ = Libc.close(file);
    }

    /// <summary>Xen's own mapping.</summary>
    public SharedMemory Xen { get; }

    /// <summary>The program's mapping, which it unmaps.</summary>
    public SharedMemory Listener { get; }

    private static SharedMemory Map(int file, int length, Action<nint, int>? release)
    {
        nint start = Libc.mmap(0, (nuint)length, Libc.ProtectionReadWrite, Libc.MapShared, file, 0);
        return start != Libc.MapFailed ? new SharedMemory(start, length, release) : throw new IOException("The system has no memory or descriptors left.");
    }

    private static int Check(int result) => result >= 0 ? result : throw new IOException("The system has no memory or descriptors left.");
}
