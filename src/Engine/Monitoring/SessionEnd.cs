using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>How a session ended.</summary>
/// <param name="Reason">Why.</param>
/// <param name="DomainState">The domain's state by then.</param>
/// <param name="Failure">What went wrong, for <see cref="SessionEndReason.Failed"/>.</param>
/// <param name="TeardownFailures">Steps of the teardown that failed; the others were still done.</param>
public sealed record SessionEnd(
    SessionEndReason Reason, DomainState DomainState, XenException? Failure, IReadOnlyList<XenException> TeardownFailures)
{
    /// <summary>What happened to the domain, for people, to follow its name.</summary>
    public string DomainEnd => DomainState switch
    {
        DomainState.Running => "runs on",
        DomainState.ShutDown => "has shut down",
        DomainState.Rebooted => "has rebooted",
        DomainState.Suspended => "was suspended, to be saved or migrated",
        DomainState.Crashed => "has crashed",
        DomainState.WatchdogFired => "was shut down by its watchdog",
        DomainState.SoftReset => "was reset to boot another kernel",
        DomainState.Replayed => "has raised all events of its recording",
        _ => "was destroyed",
    };

    /// <inheritdoc/>
    public override string ToString() => Reason switch
    {
        SessionEndReason.Stopped => "it was stopped",
        SessionEndReason.DomainEnded => $"the domain {DomainEnd}",
        _ => Failure?.Message ?? "it failed",
    };

    /// <param name="teardown">The teardown, which has run.</param>
    /// <param name="failure">What ended the session, unless a stop or the domain did.</param>
    internal static SessionEnd Of(SessionTeardown teardown, XenException? failure)
    {
        failure = teardown.CutOff ?? failure;

        // What failed when the domain ended, failed because of that; and it may have been stopped before that was
        // noticed.
        SessionEndReason reason = teardown.DomainState != DomainState.Running ? SessionEndReason.DomainEnded
            : failure is null ? SessionEndReason.Stopped
            : SessionEndReason.Failed;
        return new SessionEnd(reason, teardown.DomainState, reason == SessionEndReason.Failed ? failure : null, teardown.Failures);
    }
}

/// <summary>Why a session ended.</summary>
public enum SessionEndReason
{
    /// <summary>It was stopped.</summary>
    Stopped,

    /// <summary>
    /// The domain shut down for whatever reason, or was destroyed: see <see cref="SessionEnd.DomainState"/>.
    /// </summary>
    DomainEnded,

    /// <summary>Xen refused something, or the channel was corrupt.</summary>
    Failed,
}
