using System.Runtime.InteropServices;
using XenVmEvent.Abi;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>A channel that Xen made when the monitor was enabled: its mapped memory, and the ports to bind.</summary>
internal sealed unsafe class XenChannel : IDisposable
{
    private const int RingFrames = 1;

    /// <summary>HVM_PARAM_MONITOR_RING_PFN (Xen's public/hvm/params.h).</summary>
    private const int MonitorRingParameter = 28;

    /// <summary>PROT_READ and PROT_WRITE.</summary>
    private const int ReadAndWrite = 3;

    private XenChannel(uint ringPort, nint ring, uint[] slotPorts, nint slots, int slotBytes)
    {
        RingPort = ringPort;
        Ring = new SharedMemory(ring, RingFrames * SharedMemory.PageSize, Unmap);
        SlotPorts = slotPorts;
        if (slotPorts.Length > 0) Slots = new SharedMemory(slots, slotBytes, Unmap);
    }

    public ChannelKind Kind => Slots is null ? ChannelKind.Ring : ChannelKind.Slotted;

    public SharedMemory Ring { get; }

    public SharedMemory? Slots { get; }

    /// <summary>Xen's end of the ring's event channel.</summary>
    public uint RingPort { get; }

    /// <summary>Xen's ends of the vCPUs' event channels, by vCPU id.</summary>
    public uint[] SlotPorts { get; }

    /// <summary>Enables the monitor with a shared ring.</summary>
    /// <param name="xen">The connection.</param>
    /// <param name="domain">The domain.</param>
    /// <param name="wasFree">It is certain that there was no listener before.</param>
    /// <param name="errors">Makes the errors.</param>
    public static XenChannel EnableRing(XenCtrlHandle xen, XenDomain domain, bool wasFree, XenErrors errors)
    {
        nint ring = XenCtrl.xc_monitor_enable(xen, domain.Id, out uint port);
        if (ring != 0) return new XenChannel(port, ring, [], 0, 0);

        // The library first enables the monitor and then takes the page from the guest. If the second step fails, the
        // monitor is on without a listener. A monitor that may belong to somebody else is left alone.
        int errno = Marshal.GetLastPInvokeError();
        if (wasFree && (Errno)errno != Errno.EBUSY) _ = XenCtrl.xc_monitor_disable(xen, domain.Id);
        const string Call = nameof(XenCtrl.xc_monitor_enable);
        throw (Errno)errno == Errno.EBUSY && ListenerState.Read(xen, domain.Id) == false ? XenErrors.OfFull(Call, domain) : errors.OfEnabling(Call, errno, domain);
    }

    /// <summary>
    /// Maps the page that will be the ring, as enabling does: the frame that the domain builder set aside. If the guest
    /// has no memory there, it is populated. Enabling takes the page from the guest again; this mapping stays.
    /// </summary>
    public static XenChannel MapAhead(XenCtrlHandle xen, XenDomain domain, XenErrors errors)
    {
        if (XenCtrl.xc_hvm_param_get(xen, domain.Id, MonitorRingParameter, out ulong frame) < 0)
            throw Failure(nameof(XenCtrl.xc_hvm_param_get));
        nint ring = Map();
        if (ring == 0 && XenCtrl.xc_domain_populate_physmap_exact(xen, domain.Id, 1, 0, 0, in frame) < 0)
            throw Failure(nameof(XenCtrl.xc_domain_populate_physmap_exact));
        if (ring == 0) ring = Map();
        return ring != 0 ? new XenChannel(0, ring, [], 0, 0) : throw Failure(nameof(XenCtrl.xc_map_foreign_range));

        nint Map() => XenCtrl.xc_map_foreign_range(xen, domain.Id, SharedMemory.PageSize, ReadAndWrite, (nuint)frame);

        XenException Failure(string call)
        {
            int errno = Marshal.GetLastPInvokeError();
            return errors.Of(call, errno, $"map the ring of {domain}", domain);
        }
    }

    /// <summary>
    /// Enables the monitor with a slot for each vCPU. There must be exactly as many slots as vCPUs, or vCPUs freeze.
    /// <see cref="SlottedChannelRules"/> has the numbers at which the host panics.
    /// </summary>
    /// <returns>The channel; null if the hypervisor, unlike its library, has no slots (EOPNOTSUPP).</returns>
    public static XenChannel? EnableSlotted(XenCtrlHandle xen, XenDomain domain, VmEventLayout layout, XenErrors errors)
    {
        uint[] ports = new uint[domain.VCpus];
        nint resource;
        nint ring;
        nint slots;
        uint ringPort;
        fixed (uint* first = ports)
        {
            resource = XenCtrl.xc_monitor_enable_ex(
                xen, domain.Id, out ring, RingFrames, out ringPort, out slots, first, (uint)ports.Length);
        }

        if (resource != 0) return new XenChannel(ringPort, ring, ports, slots, ports.Length * VCpuSlots.SizeOf(layout));

        int errno = Marshal.GetLastPInvokeError();
        return (Errno)errno == Errno.EOPNOTSUPP
            ? null
            : throw errors.OfEnabling(nameof(XenCtrl.xc_monitor_enable_ex), errno, domain);
    }

    public void Dispose()
    {
        Slots?.Dispose();
        Ring.Dispose();
    }

    /// <summary>Unmaps whole pages, whatever the length, as the kernel does.</summary>
    private static void Unmap(nint start, int length) => _ = Libc.munmap(start, (nuint)length);
}
