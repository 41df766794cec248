using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>Memory that a hypercall reads and writes, and the connection to make it by: for what libxenctrl has no function for.</summary>
internal sealed unsafe class HypercallBuffer : IDisposable
{
    private readonly XenCallHandle _xen;
    private readonly nint _start;
    private readonly int _size;

    private HypercallBuffer(XenCallHandle xen, nint start, int size) => (_xen, _start, _size) = (xen, start, size);

    /// <summary>Its bytes; zero at first.</summary>
    public Span<byte> Bytes => new((void*)_start, _size);

    /// <summary>Where it lies, for a pointer into itself.</summary>
    public ulong Address => (ulong)_start;

    /// <exception cref="XenException">libxencall is not there or cannot be opened, or there is no memory.</exception>
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
                XenErrorId.OutOfMemory, nameof(XenCall.xencall_alloc_buffer), (Errno)errno, "There is no memory for a hypercall.", "Free memory of the host.");
        }

        HypercallBuffer buffer = new(xen, start, size);
        buffer.Bytes.Clear();
        return buffer;
    }

    /// <summary>Makes a hypercall whose one argument is this.</summary>
    /// <returns>What it returned; with errno where that is negative.</returns>
    public int Call(uint hypercall) => XenCall.xencall1(_xen, hypercall, Address);

    /// <summary>Makes a hypercall that takes an operation, and this as its argument.</summary>
    /// <returns>What it returned; with errno where that is negative.</returns>
    public int Call(uint hypercall, ulong operation) => XenCall.xencall2(_xen, hypercall, operation, Address);

    public void Dispose()
    {
        XenCall.xencall_free_buffer(_xen, _start);
        _xen.Dispose();
    }
}
