using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// The way of requests and responses, the same to the pump whether ring or slots. Used by the pump's thread alone.
/// </summary>
internal abstract class MonitorChannel(IEventPorts ports)
{
    private readonly uint[] _masked = new uint[1 + ports.SlotPorts.Count];
    private int _maskedCount;

    /// <summary>Asynchronous requests that Xen overwrote before they were read.</summary>
    public abstract long Overwritten { get; }

    /// <summary>Whether asynchronous requests get a response too, so that delaying it slows the guest.</summary>
    public abstract bool AnswersAll { get; }

    /// <summary>How many vCPUs can have a request in it at the same time; others queue for room.</summary>
    public abstract int Room { get; }

    /// <summary>How many requests can be in it.</summary>
    public abstract int Capacity { get; }

    /// <summary>Whether a request is there.</summary>
    public abstract bool HasRequest { get; }

    /// <summary>Makes the channel for a monitor that was just enabled; there can be requests in it already.</summary>
    public static MonitorChannel Open(IDomainMonitor monitor, VmEventLayout layout, int vcpus) => monitor.Slots is { } slots
        ? new SlottedChannel(monitor.Ring, slots, monitor.Ports, layout, vcpus)
        : new RingChannel(monitor.Ring, monitor.Ports, layout);

    /// <summary>Copies the next request.</summary>
    /// <returns>False when there is none, or when to look again after what else there is to do.</returns>
    /// <exception cref="XenException"><see cref="XenErrorId.CorruptChannel"/>.</exception>
    public abstract bool TryRead(Span<byte> destination);

    /// <summary>The bytes for the response to a request that was read; empty where it must get none.</summary>
    public abstract Span<byte> ResponseTo(uint vcpu, bool synchronous);

    /// <summary>Shows Xen all responses written and signals it, once.</summary>
    public abstract void Flush();

    /// <summary>Sleeps until Xen signals, <see cref="IEventPorts.Wake"/> is called or the time is over; not at all when a request is there.</summary>
    /// <remarks>A port is unmasked only here: while the pump is busy Xen's signals interrupt nobody.</remarks>
    public void Sleep(TimeSpan timeout)
    {
        if (_maskedCount > 0) ports.Unmask(_masked.AsSpan(0, _maskedCount));
        _maskedCount = 0;
        if (!FinalCheck()) _maskedCount = ports.Wait(_masked, timeout);
    }

    /// <summary>
    /// Answers a channel in which vCPUs queue for room and whose requests cannot be read: with a response for any vCPU,
    /// which resumes it if it waits.
    /// </summary>
    public abstract void MakeRoom(int vcpus);

    /// <summary>Whether a request is there, once Xen was asked to signal the next.</summary>
    public abstract bool FinalCheck();
}
