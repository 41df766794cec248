using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>Xen's record of an event channel: <c>struct evtchn_status</c> (public/event_channel.h).</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
internal struct EventChannelStatus
{
    private const ushort OwnDomain = 0x7ff0;
    private const uint Interdomain = 2;

    [FieldOffset(0)]
    public ushort Domain;

    [FieldOffset(4)]
    public uint Port;

    [FieldOffset(8)]
    public uint Status;

    /// <summary>Whether the other end of one of this domain's ports exists; true also if Xen does not tell.</summary>
    /// <param name="xen">The connection.</param>
    /// <param name="port">The port; 0 for a caller without one, such as a guard that has taken over.</param>
    public static bool IsBound(XenCtrlHandle xen, uint port)
    {
        EventChannelStatus status = new() { Domain = OwnDomain, Port = port };
        return port == 0
            || !XenLibraries.XenCtrlHas(nameof(XenCtrl.xc_evtchn_status))
            || XenCtrl.xc_evtchn_status(xen, ref status) < 0
            || status.Status == Interdomain;
    }
}
