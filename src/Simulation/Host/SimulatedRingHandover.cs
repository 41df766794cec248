using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>The ring of a simulated domain, for whoever answers when its listener is gone.</summary>
internal sealed class SimulatedRingHandover(SimulatedDomain domain) : IRingHandover
{
    public IDomainMonitor TakeOver()
    {
        lock (domain.Gate)
        {
            if (domain.Delivery is not RingDelivery delivery) throw Refusal.NoListener(domain.Identity, "xc_monitor_resume");
            return new SimulatedMonitor(domain, new SingleCaller(domain.Host), delivery, delivery.MapRing(), new SimulatedResumingPorts(domain));
        }
    }

    public void Dispose()
    {
    }
}
