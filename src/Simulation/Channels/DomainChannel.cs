using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>The channel of a domain's monitor, which Xen's calls enable and disable. One at a time.</summary>
/// <param name="domain">The domain.</param>
/// <param name="offersSlots">Whether the host has the slotted channel.</param>
/// <param name="allocatePorts">Gives so many event ports, the first of which is returned.</param>
internal sealed class DomainChannel(SimulatedDomain domain, bool offersSlots, Func<int, uint> allocatePorts)
{
    private const int MostFrames = 32;

    /// <summary>Xen's side of it; null while the monitor is not enabled.</summary>
    public Delivery? Delivery { get; private set; }

    /// <summary>
    /// Enables the ring as <c>xc_monitor_enable</c> does, which does not protect the caller from mistakes.
    /// </summary>
    public SimulatedMonitor Enable()
    {
        lock (domain.Gate)
        {
            if (Delivery?.Kind == ChannelKind.Slotted)
                throw domain.Host.BringDown($"xc_monitor_enable was called for the domain {domain.Identity}, whose slotted channel is live: Xen panics.");
            if (Delivery is not null) throw Refusal.Busy(domain.Identity, "xc_monitor_enable");
            return Attach(0, ports => new RingDelivery(domain, ports));
        }
    }

    /// <summary>
    /// Enables slots as <c>xc_monitor_enable_ex</c> does, which does not protect the caller from mistakes.
    /// </summary>
    public SimulatedMonitor EnableEx(int ringFrames, int channels)
    {
        const string Call = "xc_monitor_enable_ex";
        lock (domain.Gate)
        {
            if (!offersSlots) throw Refusal.NotSupported(Call, "the slotted channel");
            if (Delivery is not null)
            {
                // Xen notices only after it has cleared the existing listener's settings.
                domain.Settings.Reset();
                throw Refusal.Busy(domain.Identity, Call);
            }

            if (ringFrames < 1 || channels < 1) throw Refusal.Invalid(Call, "A slotted channel has at least one ring page and one slot");
            int slotFrames = (channels * VCpuSlots.SizeOf(domain.Layout) + SharedMemory.PageSize - 1) / SharedMemory.PageSize;
            if (ringFrames + slotFrames > MostFrames)
            {
                throw new XenException(XenErrorId.CallFailed, Call, Errno.E2BIG,
                    $"The slotted channel would take {ringFrames + slotFrames} pages, more than {MostFrames}.", "Ask for a smaller ring.");
            }

            return Attach(channels, ports => new SlottedDelivery(domain, ports, ringFrames, channels));
        }
    }

    /// <summary>Disables it as <c>xc_monitor_disable</c> does.</summary>
    /// <exception cref="XenException">It is not enabled, or vCPUs wait to put an event into the ring.</exception>
    public void Disable()
    {
        const string Call = "xc_monitor_disable";
        lock (domain.Gate)
        {
            if (Delivery is not { } delivery) throw Refusal.Invalid(Call, $"The monitor of the domain {domain.Identity} is not enabled");
            if (delivery.HasQueuedVCpus)
            {
                throw new XenException(XenErrorId.CallFailed, Call, Errno.EBUSY,
                    $"vCPUs of the domain {domain.Identity} wait for room in the ring.", "Answer what is in the ring, then disable.");
            }

            Delivery = null;
            domain.Settings.Reset();
            foreach (SimulatedVCpu vcpu in domain.VCpus) vcpu.Answer.ForgetAnswer();
            delivery.Close();
        }
    }

    /// <summary>The domain has ended. Under its gate.</summary>
    public void Close()
    {
        Delivery?.Close();
        Delivery = null;
    }

    private SimulatedMonitor Attach(int slots, Func<SimulatedPorts, Delivery> create)
    {
        SingleCaller caller = new(domain.Host);
        Delivery = create(new SimulatedPorts(domain, caller, allocatePorts(slots + 1), slots));
        if (!domain.Options.StartsPaused) domain.Start();
        return new SimulatedMonitor(domain, caller, Delivery, Delivery.ListenerRing, Delivery.Ports);
    }
}
