using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Resumes vCPUs whose events nobody can answer any more. Disabling releases vCPUs that waited for room, but not those
/// that wait for an answer. Xen resumes a vCPU on any response for it, so the monitor is enabled once more, and its
/// fresh ring gets a response for each vCPU.
/// </summary>
internal static class VCpuResumer
{
    /// <param name="hypervisor">The host.</param>
    /// <param name="domain">
    /// A domain that is paused, because nobody would answer its vCPUs' events, and whose monitor is disabled.
    /// </param>
    /// <param name="then">Runs once the vCPUs are resumed, with the monitor that exists for this moment.</param>
    public static void ResumeVCpus(IHypervisor hypervisor, XenDomain domain, Action<IDomainMonitor>? then = null)
    {
        using IDomainMonitor monitor = hypervisor.Unguarded.EnableMonitor(domain, ChannelPreference.Ring);
        try
        {
            Resume(monitor, hypervisor.Layout);
            then?.Invoke(monitor);
        }
        finally
        {
            Retry.WhileRefused(monitor.Disable);
        }
    }

    private static void Resume(IDomainMonitor monitor, VmEventLayout layout)
    {
        BackRing ring = new(monitor.Ring, layout, answered: true);
        ring.Initialise();
        for (uint vcpu = 0; vcpu < monitor.VCpus; vcpu++)
        {
            new ResponseWriter(ring.UnaskedResponse(), layout).Resume(vcpu);
            if ((vcpu + 1) % ring.Entries != 0 && vcpu + 1 != monitor.VCpus) continue;
            ring.Publish();
            Retry.WhileRefused(() => monitor.Ports.Notify(monitor.Ports.RingPort));
        }
    }
}
