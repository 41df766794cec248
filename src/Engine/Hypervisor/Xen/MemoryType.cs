using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// Asks what is at a guest's page: <c>HVMOP_get_mem_type</c> (public/hvm/hvm_op.h), which populates nothing. libxenctrl has
/// no function for it, so this makes the hypercall itself. x86 alone has it.
/// </summary>
internal sealed unsafe class MemoryType : IDisposable
{
    // struct xen_hvm_get_mem_type.
    private const int Size = 16;
    private const int Domain = 0;
    private const int Type = 2;
    private const int Page = 8;

    private readonly XenCallHandle _xen;
    private readonly nint _buffer;

    private MemoryType(XenCallHandle xen, nint buffer) => (_xen, _buffer) = (xen, buffer);

    /// <returns>Null where nobody can ask.</returns>
    public static MemoryType? TryOpen()
    {
        try
        {
            XenLibraries.LoadCall();
            XenCallHandle xen = XenCallHandle.Open();
            nint buffer = XenCall.xencall_alloc_buffer(xen, Size);
            if (buffer != 0) return new MemoryType(xen, buffer);
            xen.Dispose();
            return null;
        }
        catch (XenException)
        {
            return null;
        }
    }

    /// <returns>False also where Xen does not tell.</returns>
    public bool IsDeviceMemory(uint domain, ulong gfn)
    {
        Span<byte> question = new((void*)_buffer, Size);
        question.Clear();
        MemoryMarshal.Write(question[Domain..], (ushort)domain);
        MemoryMarshal.Write(question[Page..], gfn);
        return XenCall.xencall2(_xen, HvmMemoryType.Hypercall, HvmMemoryType.Get, (ulong)_buffer) >= 0 && MemoryMarshal.Read<ushort>(question[Type..]) == HvmMemoryType.Device;
    }

    public void Dispose()
    {
        XenCall.xencall_free_buffer(_xen, _buffer);
        _xen.Dispose();
    }
}
