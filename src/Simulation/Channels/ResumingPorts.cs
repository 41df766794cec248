using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>For one who has no event channel: Xen is told of responses by a call, and signals nothing.</summary>
internal sealed class ResumingPorts(SimulatedDomain domain) : IEventPorts
{
    public uint RingPort => 0;

    public IReadOnlyList<uint> SlotPorts => [];

    public int Wait(Span<uint> signalled, TimeSpan timeout)
    {
        domain.Host.ThrowIfGateIsHeld();
        Thread.Sleep(timeout);
        return 0;
    }

    public void Unmask(ReadOnlySpan<uint> ports)
    {
    }

    public void Notify(uint port)
    {
        lock (domain.Gate)
        {
            (domain.Delivery ?? throw Refusal.NoListener(domain.Identity, "xc_monitor_resume")).Notified(port: 0);
        }
    }

    public bool TakeDomainNews() => false;

    public void Wake()
    {
    }
}
