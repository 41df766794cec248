namespace XenVmEvent.Hypervisor;

/// <summary>
/// A second hold on the ring of a monitor, got before the monitor was enabled: enabling takes the page from the guest, and
/// then nobody can map it any more. It lets one process answer in the place of another that died.
/// </summary>
public interface IRingHandover : IDisposable
{
    /// <summary>
    /// Takes the listener's place, who must be gone: what is in the ring is as it was left. Only the ring is held, not
    /// the vCPU slots, and no event channel: there is nothing to wait for.
    /// </summary>
    IDomainMonitor TakeOver();
}
