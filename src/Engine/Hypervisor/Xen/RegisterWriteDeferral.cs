using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// Makes Xen defer watched register writes until they are answered: <c>XEN_DOMCTL_MONITOR_OP_CONTROL_REGISTERS</c>
/// (public/domctl.h). libxenctrl has no function for it, so this makes the hypercall itself.
/// </summary>
internal static class RegisterWriteDeferral
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

    /// <returns>Whether Xen now does so; if not, errno is set.</returns>
    /// <exception cref="XenException">The call cannot be made.</exception>
    public static bool TryEnable(uint domain, uint domctlInterface)
    {
        using HypercallBuffer buffer = HypercallBuffer.Open(Size);
        Span<byte> domctl = buffer.Bytes;
        MemoryMarshal.Write(domctl[Command..], MonitorOp);
        MemoryMarshal.Write(domctl[InterfaceVersion..], domctlInterface);
        MemoryMarshal.Write(domctl[Domain..], (ushort)domain);
        MemoryMarshal.Write(domctl[Operation..], ControlRegisters);
        return buffer.Call(Domctl) >= 0;
    }
}
