namespace XenVmEvent.Hypervisor;

/// <summary>
/// A second mapping of a monitor's ring, made before the monitor is enabled: enabling takes the page from the guest,
/// and then nobody can map it any more. With it one process can answer in place of another that died.
/// </summary>
public interface IRingHandover : IDisposable
{
    /// <summary>
    /// Takes the place of the listener, which must be gone: the ring's contents are as it left them. There are only the
    /// ring, no vCPU slots and no event channel: there is nothing to wait for.
    /// </summary>
    IDomainMonitor TakeOver();
}
