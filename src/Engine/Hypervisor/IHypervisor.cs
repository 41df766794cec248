using XenVmEvent.Abi;

namespace XenVmEvent.Hypervisor;

/// <summary>A Xen host, real or simulated: its domains, and the way to monitor one. Safe for use from several threads.</summary>
public interface IHypervisor : IDisposable
{
    /// <summary>What it is, for people: "Xen 4.17" or "simulated Xen".</summary>
    string Description { get; }

    /// <summary>The layout of vm_event requests that it speaks.</summary>
    VmEventLayout Layout { get; }

    /// <summary>The architecture of its guests.</summary>
    GuestArchitecture Architecture { get; }

    /// <summary>The way to this host again, a step at a time.</summary>
    IHostProbe Probe { get; }

    /// <summary>All domains of now, dom0 included, by id.</summary>
    /// <exception cref="XenException">They cannot be read.</exception>
    IReadOnlyList<XenDomain> GetDomains();

    /// <summary>How a domain is at this moment; null where there is no such domain any more, or the host does not tell.</summary>
    DomainState? StateOf(XenDomain domain) => null;

    /// <summary>
    /// Enables the domain's monitor and maps its channel, which is empty. No event is switched on yet, but what needs no
    /// switch, as a page that was restricted before, can be in the channel at once: no vCPU has run between enabling
    /// the monitor and initialising the channel. Failing, it leaves the domain as it was.
    /// </summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.MonitorBusy"/>, <see cref="XenErrorId.DomainNotSupported"/>,
    /// <see cref="XenErrorId.NotSupported"/>, <see cref="XenErrorId.NotPermitted"/> and others.
    /// </exception>
    IDomainMonitor EnableMonitor(XenDomain domain, ChannelPreference channel);

    /// <summary>Refuses what <see cref="EnableMonitor"/> would refuse for the domain or the host, as far as asking tells, and touches nothing.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.DomainNotSupported"/>, <see cref="XenErrorId.DomainNotFound"/>, <see cref="XenErrorId.NotSupported"/>.
    /// </exception>
    void EnsureCanMonitor(XenDomain domain, ChannelPreference channel)
    {
        // Who tells nothing refuses nothing.
    }

    /// <summary>Opens a domain to ask about its monitor, and to disable one that another listener left. Changes nothing yet.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.DomainNotFound"/>, <see cref="XenErrorId.DomainNotSupported"/>.</exception>
    IDomainControl Control(XenDomain domain);

    /// <summary>Gets hold of the ring that the domain's monitor will have, before anybody enables it.</summary>
    /// <exception cref="XenException">The ring's page cannot be had; the domain is as it was.</exception>
    IRingHandover PrepareHandover(XenDomain domain);

    /// <summary>Opens a domain's memory, to be looked at. The domain need not be monitored, and notices nothing.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.DomainNotFound"/>, <see cref="XenErrorId.DomainNotSupported"/>.</exception>
    IDomainMemory OpenMemory(XenDomain domain);

    /// <summary>The host itself, for a monitor that is there for a moment, with the domain paused: no guard is started for it.</summary>
    IHypervisor Unguarded => this;

    /// <summary>Has a reset of the domain that begins now ended by another process, should this one be killed in the midst of it.</summary>
    /// <returns>To be disposed when the reset has ended; null where nobody else would have anything to end.</returns>
    IDisposable? GuardReset(XenDomain domain) => null;
}
