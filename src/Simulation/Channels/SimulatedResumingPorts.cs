using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <inheritdoc/>
internal sealed class SimulatedResumingPorts(SimulatedDomain domain) : ResumingPorts
{
    public override int Wait(Span<uint> signalled, TimeSpan timeout)
    {
        domain.Host.ThrowIfGateIsHeld();
        return base.Wait(signalled, timeout);
    }

    public override void Notify(uint port)
    {
        lock (domain.Gate)
        {
            (domain.Delivery ?? throw Refusal.NoListener(domain.Identity, "xc_monitor_resume")).Notified(port: 0);
        }
    }
}
