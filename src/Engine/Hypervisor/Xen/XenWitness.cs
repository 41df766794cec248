namespace XenVmEvent.Hypervisor.Xen;

/// <summary>The ring of a domain of the real Xen, mapped before another process enables its monitor.</summary>
internal sealed class XenWitness(
    XenCtrlHandle xen,
    XenDomain domain,
    XenVersion version,
    XenErrors errors,
    XenChannel channel,
    MonitorCapabilities capabilities) : IMonitorWitness
{
    public IDomainMonitor TakeOver() =>
        new XenMonitor(xen, domain, version, errors, channel, new XenResumingPorts(xen, domain, errors), capabilities);

    public void Dispose()
    {
        channel.Dispose();
        xen.Dispose();
    }
}
