using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// Has Xen defer watched register writes until they are answered: <c>XEN_DOMCTL_MONITOR_OP_CONTROL_REGISTERS</c>
/// (public/domctl.h). libxenctrl has no function for it, so this makes the hypercall itself.
/// </summary>
internal static unsafe class RegisterWriteDeferral
{
    /// <summary>__HYPERVISOR_domctl (public/xen.h).</summary>
    internal const uint Domctl = 36;

    private const uint MonitorOp = 77;
    private const uint ControlRegisters = 4;

    // The same in all releases that have this operation.
    private const int Size = 144;
    private const int Command = 0;
    private const int InterfaceVersion = 4;
    private const int Domain = 8;
    private const int Operation = 16;

    /// <returns>Null on success; else the name of the function that failed, with errno.</returns>
    public static string? TryEnable(uint domain, uint domctlInterface)
    {
        using XenCallHandle xen = XenCallHandle.Open();
        nint buffer = XenCall.xencall_alloc_buffer(xen, Size);
        if (buffer == 0) return nameof(XenCall.xencall_alloc_buffer);
        Span<byte> domctl = new((void*)buffer, Size);
        domctl.Clear();
        MemoryMarshal.Write(domctl[Command..], MonitorOp);
        MemoryMarshal.Write(domctl[InterfaceVersion..], domctlInterface);
        MemoryMarshal.Write(domctl[Domain..], (ushort)domain);
        MemoryMarshal.Write(domctl[Operation..], ControlRegisters);
        int result = XenCall.xencall1(xen, Domctl, (ulong)buffer);
        int errno = Marshal.GetLastPInvokeError();
        XenCall.xencall_free_buffer(xen, buffer);
        Marshal.SetLastPInvokeError(errno);
        return result >= 0 ? null : nameof(XenCall.xencall1);
    }
}
