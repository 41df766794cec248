using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// Asks a Xen with the slotted channel whether a domain's slots are enabled, with its own call for their ports
/// (<c>XEN_VM_EVENT_GET_PORTS</c> in the patched public/domctl.h). It changes nothing.
/// </summary>
internal static unsafe class SlottedPorts
{
    private const uint VmEventOp = 56;
    private const uint GetPorts = 3;
    private const uint MonitorType = 2;

    /// <summary>That of Xen 4.12, the one release with the patch.</summary>
    private const uint DomctlInterface = 0x11;

    private const int Size = 144;
    private const int Command = 0;
    private const int InterfaceVersion = 4;
    private const int Domain = 8;
    private const int Operation = 16;
    private const int Type = 20;
    private const int Ports = 32;

    /// <summary>Room for a port of each vCPU, of which no domain has more than some hundreds.</summary>
    private const int PortBytes = 4096;

    /// <returns>Null where it does not tell.</returns>
    public static bool? AreEnabled(uint domain)
    {
        try
        {
            XenLibraries.LoadCall();
            using XenCallHandle xen = XenCallHandle.Open();
            nint buffer = XenCall.xencall_alloc_buffer(xen, Size + PortBytes);
            if (buffer == 0) return null;
            try
            {
                Span<byte> domctl = new((void*)buffer, Size);
                domctl.Clear();
                MemoryMarshal.Write(domctl[Command..], VmEventOp);
                MemoryMarshal.Write(domctl[InterfaceVersion..], DomctlInterface);
                MemoryMarshal.Write(domctl[Domain..], (ushort)domain);
                MemoryMarshal.Write(domctl[Operation..], GetPorts);
                MemoryMarshal.Write(domctl[Type..], MonitorType);
                MemoryMarshal.Write(domctl[Ports..], (ulong)buffer + Size);
                if (XenCall.xencall1(xen, RegisterWriteDeferral.Domctl, (ulong)buffer) >= 0) return true;
                return (Errno)Marshal.GetLastPInvokeError() is Errno.EINVAL ? false : null;
            }
            finally
            {
                XenCall.xencall_free_buffer(xen, buffer);
            }
        }
        catch (XenException)
        {
            return null; // Without libxencall nobody can ask.
        }
    }
}
