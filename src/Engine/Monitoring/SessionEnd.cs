namespace XenVmEvent.Monitoring;

/// <summary>How a session ended.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Failure">What went wrong, for <see cref="SessionEndReason.Failed"/>.</param>
/// <param name="TeardownFailures">Steps of giving everything back that failed; the others were done all the same.</param>
public sealed record SessionEnd(SessionEndReason Reason, XenException? Failure, IReadOnlyList<XenException> TeardownFailures)
{
    /// <inheritdoc/>
    public override string ToString() => Reason switch
    {
        SessionEndReason.Stopped => "it was stopped",
        SessionEndReason.DomainDied => "the domain is gone",
        _ => Failure?.Message ?? "it failed",
    };
}
