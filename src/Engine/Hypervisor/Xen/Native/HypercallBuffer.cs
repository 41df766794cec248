using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// Memory that a hypercall reads and writes, and a connection to make it: for operations that libxenctrl has no
/// function for.
/// </summary>
internal sealed unsafe class HypercallBuffer : IDisposable
{
    private readonly XenCallHandle _xen;
    private readonly nint _start;
    private readonly int _size;

    private HypercallBuffer(XenCallHandle xen, nint start, int size) => (_xen, _start, _size) = (xen, start, size);

    /// <summary>Its bytes; zero at first.</summary>
    public Span<byte> Bytes => new((void*)_start, _size);

    /// <summary>Its address, for a pointer into the buffer itself.</summary>
    public ulong Address => (ulong)_start;

    /// <exception cref="XenException">
    /// libxencall is not installed or cannot be opened, or there is no memory.
    /// </exception>
    public static HypercallBuffer Open(int size)
    {
        XenLibraries.LoadCall();
        XenCallHandle xen = XenCallHandle.Open();
        nint start = XenCall.xencall_alloc_buffer(xen, (nuint)size);
        if (start == 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            xen.Dispose();
            throw new XenException(
                XenErrorId.OutOfMemory, nameof(XenCall.xencall_alloc_buffer), (Errno)errno, "There is no memory for a hypercall.", "Free memory on the host.");
        }

        HypercallBuffer buffer = new(xen, start, size);
        buffer.Bytes.Clear();
        return buffer;
    }

    /// <summary>Makes a hypercall with this buffer as its only argument.</summary>
    /// <returns>Its result; if negative, errno is set.</returns>
    public int Call(uint hypercall) => XenCall.xencall1(_xen, hypercall, Address);

    /// <summary>Makes a hypercall with an operation and this buffer as its arguments.</summary>
    /// <returns>Its result; if negative, errno is set.</returns>
    public int Call(uint hypercall, ulong operation) => XenCall.xencall2(_xen, hypercall, operation, Address);

    public void Dispose()
    {
        XenCall.xencall_free_buffer(_xen, _start);
        _xen.Dispose();
    }
}
