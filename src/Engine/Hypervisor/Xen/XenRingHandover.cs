namespace XenVmEvent.Hypervisor.Xen;

/// <summary>The ring of a domain on the real Xen, mapped before another process enables its monitor.</summary>
internal sealed class XenRingHandover(
    XenCtrlHandle xen,
    XenDomain domain,
    XenVersion version,
    XenErrors errors,
    XenChannel channel,
    MonitorCapabilities capabilities) : IRingHandover
{
    public IDomainMonitor TakeOver() =>
        new XenMonitor(xen, domain, version, errors, channel, new XenResumingPorts(xen, domain, errors), capabilities);

    public void Dispose()
    {
        channel.Dispose();
        xen.Dispose();
    }
}
