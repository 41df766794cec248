namespace XenVmEvent.Hypervisor;

/// <summary>The event channels of one monitor, all on one handle: one wait serves any number of vCPUs.</summary>
public interface IEventPorts
{
    /// <summary>The ring's port.</summary>
    uint RingPort { get; }

    /// <summary>The vCPUs' ports by vCPU id; empty if the channel is only the ring.</summary>
    IReadOnlyList<uint> SlotPorts { get; }

    /// <summary>
    /// Sleeps until a port is signalled, <see cref="Wake"/> is called, a domain may have ended or the time is over, and
    /// takes the signalled ports. A port that was taken stays masked, and so silent, until it is unmasked.
    /// </summary>
    /// <param name="signalled">Receives the ports; those that do not fit come with the next call.</param>
    /// <param name="timeout">The longest time to sleep; zero or less only looks.</param>
    /// <returns>How many ports were signalled; 0 if none was.</returns>
    int Wait(Span<uint> signalled, TimeSpan timeout);

    /// <summary>Unmasks ports.</summary>
    void Unmask(ReadOnlySpan<uint> ports);

    /// <summary>Signals a port to Xen, which takes the responses before this returns.</summary>
    void Notify(uint port);

    /// <summary>
    /// Whether a domain, this or another, may have ended since the last call. Ask after each wait. Then
    /// <see cref="IDomainMonitor.DomainState"/> tells.
    /// </summary>
    bool TakeDomainNews();

    /// <summary>Ends a <see cref="Wait"/>, the current one or the next. From any thread.</summary>
    void Wake();
}
