using XenVmEvent.Abi;

namespace XenVmEvent.Hypervisor;

/// <summary>
/// A Xen host, real or simulated: its domains, and the means to monitor one. Safe for use from several threads.
/// </summary>
public interface IHypervisor : IDisposable
{
    /// <summary>The host's name for people: "Xen 4.17" or "simulated Xen".</summary>
    string Description { get; }

    /// <summary>The layout of its vm_event requests.</summary>
    VmEventLayout Layout { get; }

    /// <summary>The architecture of its guests.</summary>
    GuestArchitecture Architecture { get; }

    /// <summary>Connects to this host again, one step at a time.</summary>
    IHostProbe Probe { get; }

    /// <summary>All domains that exist now, dom0 included, by id.</summary>
    /// <exception cref="XenException">They cannot be read.</exception>
    IReadOnlyList<XenDomain> GetDomains();

    /// <summary>The state of a domain now; null if the domain is gone or the host does not tell.</summary>
    DomainState? StateOf(XenDomain domain) => null;

    /// <summary>Watches for domains that start and end.</summary>
    /// <exception cref="XenException">It cannot be watched for.</exception>
    IDomainListWatch WatchDomains() => new PeriodicDomainListWatch();

    /// <summary>
    /// Enables the domain's monitor and maps its channel, which is empty. No event is switched on yet. But events that
    /// need no switch, such as accesses to a page that was restricted before, can be in the channel immediately: no
    /// vCPU has run between enabling the monitor and initialising the channel. If it fails, it leaves the domain
    /// unchanged.
    /// </summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.MonitorBusy"/>, <see cref="XenErrorId.DomainNotSupported"/>,
    /// <see cref="XenErrorId.NotSupported"/>, <see cref="XenErrorId.NotPermitted"/> and others.
    /// </exception>
    IDomainMonitor EnableMonitor(XenDomain domain, ChannelPreference channel);

    /// <summary>
    /// Refuses what <see cref="EnableMonitor"/> would refuse for the domain or the host, as far as it can ask, and
    /// changes nothing.
    /// </summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.DomainNotSupported"/>, <see cref="XenErrorId.DomainNotFound"/>,
    /// <see cref="XenErrorId.NotSupported"/>.
    /// </exception>
    void EnsureCanMonitor(XenDomain domain, ChannelPreference channel)
    {
        // A host that does not tell refuses nothing.
    }

    /// <summary>
    /// Opens a domain to ask about its monitor, and to disable a monitor that another listener left. Changes nothing
    /// yet.
    /// </summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.DomainNotFound"/>, <see cref="XenErrorId.DomainNotSupported"/>.
    /// </exception>
    IDomainControl Control(XenDomain domain);

    /// <summary>Maps the ring that the domain's monitor will have, before anybody enables it.</summary>
    /// <exception cref="XenException">The ring's page cannot be mapped; the domain is unchanged.</exception>
    IRingHandover PrepareHandover(XenDomain domain);

    /// <summary>Opens a domain's memory for reading. The domain need not be monitored, and notices nothing.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.DomainNotFound"/>, <see cref="XenErrorId.DomainNotSupported"/>.
    /// </exception>
    IDomainMemory OpenMemory(XenDomain domain);

    /// <summary>The host without guards, for a monitor that exists only briefly while the domain is paused.</summary>
    IHypervisor Unguarded => this;

    /// <summary>
    /// Makes another process finish a reset of the domain that begins now, should this one be killed in the middle of
    /// it.
    /// </summary>
    /// <returns>
    /// To be disposed when the reset has ended; null if there is nothing that another process could finish.
    /// </returns>
    IDisposable? GuardReset(XenDomain domain) => null;
}
