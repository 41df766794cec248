using System.Runtime.InteropServices;
using XenVmEvent.Abi;

namespace XenVmEvent.Simulation;

/// <summary>
/// Pages that simulated Xen and a listener share, each with its own mapping; freed when both have released them.
/// </summary>
internal sealed class SharedPages
{
    private readonly nint _start;
    private readonly int _length;
    private int _mappings;

    public SharedPages(int bytes)
    {
        _length = (bytes + SharedMemory.PageSize - 1) / SharedMemory.PageSize * SharedMemory.PageSize;
        _start = Marshal.AllocHGlobal(_length);
        Xen = Map();
        Xen.Slice(0, _length).Clear();
        Listener = Map();
    }

    /// <summary>Xen's own mapping.</summary>
    public SharedMemory Xen { get; }

    /// <summary>The listener's mapping, which it disposes.</summary>
    public SharedMemory Listener { get; }

    /// <summary>Makes another mapping, which the caller disposes.</summary>
    public SharedMemory Map()
    {
        Interlocked.Increment(ref _mappings);
        return new SharedMemory(_start, _length, (start, _) =>
        {
            if (Interlocked.Decrement(ref _mappings) == 0) Marshal.FreeHGlobal(start);
        });
    }
}
