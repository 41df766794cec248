using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// Asks a Xen with the slotted channel whether a domain's slots are enabled, with the separate call for their ports
/// (<c>XEN_VM_EVENT_GET_PORTS</c> in the patched public/domctl.h). It changes nothing.
/// </summary>
internal static class SlottedPorts
{
    private const uint VmEventOp = 56;
    private const uint GetPorts = 3;
    private const uint MonitorType = 2;

    /// <summary>That of Xen 4.12, the only release with the patch.</summary>
    private const uint DomctlInterface = 0x11;

    private const int Size = 144;
    private const int Command = 0;
    private const int InterfaceVersion = 4;
    private const int Domain = 8;
    private const int Operation = 16;
    private const int Type = 20;
    private const int Ports = 32;

    /// <summary>Room for one port per vCPU; no domain has more than a few hundred.</summary>
    private const int PortBytes = 4096;

    /// <returns>Null if Xen does not tell.</returns>
    public static bool? AreEnabled(uint domain)
    {
        try
        {
            using HypercallBuffer buffer = HypercallBuffer.Open(Size + PortBytes);
            Span<byte> domctl = buffer.Bytes;
            MemoryMarshal.Write(domctl[Command..], VmEventOp);
            MemoryMarshal.Write(domctl[InterfaceVersion..], DomctlInterface);
            MemoryMarshal.Write(domctl[Domain..], (ushort)domain);
            MemoryMarshal.Write(domctl[Operation..], GetPorts);
            MemoryMarshal.Write(domctl[Type..], MonitorType);
            MemoryMarshal.Write(domctl[Ports..], buffer.Address + Size);
            if (buffer.Call(RegisterWriteDeferral.Domctl) >= 0) return true;
            return (Errno)Marshal.GetLastPInvokeError() is Errno.EINVAL ? false : null;
        }
        catch (XenException)
        {
            return null; // Without libxencall, asking is impossible.
        }
    }
}
