using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// Asks for the type of a guest's page: <c>HVMOP_get_mem_type</c> (public/hvm/hvm_op.h), which populates nothing.
/// libxenctrl has no function for it, so this makes the hypercall itself. Only x86 has it.
/// </summary>
internal sealed class MemoryType : IDisposable
{
    // struct xen_hvm_get_mem_type.
    private const int Size = 16;
    private const int Domain = 0;
    private const int Type = 2;
    private const int Page = 8;

    private readonly HypercallBuffer _question;

    private MemoryType(HypercallBuffer question) => _question = question;

    /// <returns>Null if asking is impossible.</returns>
    public static MemoryType? TryOpen()
    {
        try
        {
            return new MemoryType(HypercallBuffer.Open(Size));
        }
        catch (XenException)
        {
            return null;
        }
    }

    /// <returns>False also if Xen does not tell.</returns>
    public bool IsDeviceMemory(uint domain, ulong gfn)
    {
        Span<byte> question = _question.Bytes;
        question.Clear();
        MemoryMarshal.Write(question[Domain..], (ushort)domain);
        MemoryMarshal.Write(question[Page..], gfn);
        return _question.Call(HvmMemoryType.Hypercall, HvmMemoryType.Get) >= 0 && MemoryMarshal.Read<ushort>(question[Type..]) == HvmMemoryType.Device;
    }

    public void Dispose() => _question.Dispose();
}
