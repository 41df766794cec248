using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Carries requests and responses. The pump uses ring and slots in the same way. Used only by the pump's thread.
/// </summary>
internal abstract class MonitorChannel(IEventPorts ports)
{
    private readonly uint[] _masked = new uint[1 + ports.SlotPorts.Count];
    private int _maskedCount;

    /// <summary>The number of asynchronous requests that Xen overwrote before they were read.</summary>
    public abstract long Overwritten { get; }

    /// <summary>Whether asynchronous requests get a response too, so that delaying it slows the guest.</summary>
    public abstract bool AnswersAll { get; }

    /// <summary>The number of vCPUs that can have a request in it at the same time. Others queue for room.</summary>
    public abstract int Room { get; }

    /// <summary>The maximum number of requests in it.</summary>
    public abstract int Capacity { get; }

    /// <summary>Whether a request is there.</summary>
    public abstract bool HasRequest { get; }

    /// <summary>Makes the channel for a monitor that was just enabled. It may contain requests already.</summary>
    public static MonitorChannel Open(IDomainMonitor monitor, VmEventLayout layout, int vcpus) => monitor.Slots is { } slots
        ? new SlottedChannel(monitor.Ring, slots, monitor.Ports, layout, vcpus)
        : new RingChannel(monitor.Ring, monitor.Ports, layout);

    /// <summary>Copies the next request.</summary>
    /// <returns>False if there is none, or if the pump should do its other work before it looks again.</returns>
    /// <exception cref="XenException"><see cref="XenErrorId.CorruptChannel"/>.</exception>
    public abstract bool TryRead(Span<byte> destination);

    /// <summary>The bytes for the response to a request that was read; empty if it must get none.</summary>
    public abstract Span<byte> ResponseTo(uint vcpu, bool synchronous);

    /// <summary>Shows Xen all responses that were written, and signals it once.</summary>
    public abstract void Flush();

    /// <summary>
    /// Sleeps until Xen signals, <see cref="IEventPorts.Wake"/> is called or the timeout passes. It does not sleep if a
    /// request is there.
    /// </summary>
    /// <remarks>Ports are unmasked only here, so Xen's signals interrupt nobody while the pump is busy.</remarks>
    public void Sleep(TimeSpan timeout)
    {
        if (_maskedCount > 0) ports.Unmask(_masked.AsSpan(0, _maskedCount));
        _maskedCount = 0;
        if (!FinalCheck()) _maskedCount = ports.Wait(_masked, timeout);
    }

    /// <summary>
    /// Answers a channel in which vCPUs queue for room and whose requests cannot be read: writes a response for each
    /// vCPU, which resumes the vCPU if it waits.
    /// </summary>
    public abstract void MakeRoom(int vcpus);

    /// <summary>Asks Xen to signal the next request, and then returns whether one is there already.</summary>
    public abstract bool FinalCheck();
}
