namespace XenVmEvent.Hypervisor;

/// <summary>Reports that domains start and end. Used by one thread, except <see cref="Wake"/>.</summary>
public interface IDomainListWatch : IDisposable
{
    /// <summary>
    /// Sleeps until a domain may have started, shut down or been destroyed since the last call, <see cref="Wake"/> is
    /// called or the time is over. What happened before the first call is not reported: list the domains first.
    /// </summary>
    /// <param name="timeout">The longest time to sleep; <see cref="Timeout.InfiniteTimeSpan"/>: any.</param>
    /// <returns>Whether there may be news of domains. <see cref="IHypervisor.GetDomains"/> has it.</returns>
    bool Wait(TimeSpan timeout);

    /// <summary>
    /// Whether the toolstack has made the domain, so that it can be monitored. A domain that is still being made is
    /// already listed. There is news when it is made.
    /// </summary>
    bool IsComplete(XenDomain domain);

    /// <summary>The domains that their toolstack has made, perhaps not completely, and that have never run.</summary>
    /// <exception cref="XenException">They cannot be read.</exception>
    IReadOnlyList<XenDomain> FindNew() => [];

    /// <summary>
    /// Keeps a domain that has never run from running until the result is disposed, although its toolstack lets it run
    /// meanwhile. If the toolstack does not, it stays paused. From any thread.
    /// </summary>
    /// <returns>Null: it has run, is not paused, or this host cannot.</returns>
    IDisposable? HoldBack(XenDomain domain) => null;

    /// <summary>Ends a <see cref="Wait"/>, the current one or the next. From any thread, also after the end.</summary>
    void Wake();
}
