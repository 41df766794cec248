namespace XenVmEvent.Hypervisor;

/// <summary>The event channels of one monitor, all on one handle: one wait serves any number of vCPUs.</summary>
public interface IEventPorts
{
    /// <summary>The ring's port.</summary>
    uint RingPort { get; }

    /// <summary>The vCPUs' ports by vCPU id; empty where the channel is the ring alone.</summary>
    IReadOnlyList<uint> SlotPorts { get; }

    /// <summary>
    /// Sleeps until a port is signalled, <see cref="Wake"/> is called, there is news of domains or the time is over, and
    /// takes what was signalled. A port taken stays masked, and silent, until it is unmasked.
    /// </summary>
    /// <param name="signalled">Receives the ports; what does not fit is there at the next call.</param>
    /// <param name="timeout">How long at most; zero or less looks without sleeping.</param>
    /// <returns>How many ports were signalled, 0 when none was.</returns>
    int Wait(Span<uint> signalled, TimeSpan timeout);

    /// <summary>Lets ports signal again.</summary>
    void Unmask(ReadOnlySpan<uint> ports);

    /// <summary>Signals a port to Xen, which takes the responses before this returns.</summary>
    void Notify(uint port);

    /// <summary>
    /// Whether a domain, this or another, may have ended since this was asked last: to be asked after each wait. Then
    /// <see cref="IDomainMonitor.DomainState"/> tells.
    /// </summary>
    bool TakeDomainNews();

    /// <summary>Ends a <see cref="Wait"/>, the present one or the next. From any thread.</summary>
    void Wake();
}
