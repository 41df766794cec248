using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>Something that happened to a guest that is followed.</summary>
public sealed class FollowNews
{
    private readonly string _text;

    private FollowNews(FollowStep step, XenDomain? domain, MonitorSession? session, XenException? error, string text)
    {
        Step = step;
        Domain = domain;
        Session = session;
        Error = error;
        _text = text;
    }

    /// <summary>What happened.</summary>
    public FollowStep Step { get; }

    /// <summary>The guest; null if it is about the host: its domains cannot be listed.</summary>
    public XenDomain? Domain { get; }

    /// <summary>Its session, if one has begun or ended.</summary>
    public MonitorSession? Session { get; }

    /// <summary>
    /// Whether the guest had not run yet when its watch had begun, so nothing that it does is missed. After a restore or a
    /// migration: not run here.
    /// </summary>
    public bool IsFromFirstInstruction { get; private init; }

    /// <summary>What went wrong; null for nothing.</summary>
    public XenException? Error { get; }

    /// <summary>The same for people, in one line.</summary>
    public override string ToString() => _text;

    internal static FollowNews OfBegin(MonitorSession session, bool hasNotRun) => new(
        FollowStep.Began,
        session.Domain,
        session,
        null,
        $"{session.Domain} is watched{(hasNotRun ? " from its first instruction" : "")}, by the {session.Channel.ToString().ToLowerInvariant()} channel")
    {
        IsFromFirstInstruction = hasNotRun,
    };

    internal static FollowNews OfEnd(MonitorSession session)
    {
        SessionEnd end = session.End!;
        return new(FollowStep.Ended, session.Domain, session, end.Failure, end.Reason switch
        {
            SessionEndReason.Stopped => $"{session.Domain} is no longer watched: its session was ended",
            SessionEndReason.DomainEnded => $"{session.Domain} {end.DomainEnd}",
            _ => $"{session.Domain} is no longer watched; it is tried again: {end}",
        });
    }

    internal static FollowNews OfRefusal(XenDomain domain, XenException error, bool isRetried) => new(
        isRetried ? FollowStep.Waits : FollowStep.LeftOut,
        domain,
        null,
        error,
        $"{domain} {(isRetried ? "is not watched yet; it is tried again" : "cannot be watched and is left out")}: {error.Message}");

    internal static FollowNews OfHost(XenException error) =>
        new(FollowStep.Waits, null, null, error, $"guests that start are not noticed now; it is tried again: {error.Message}");
}

/// <summary>What can happen to a guest that is followed.</summary>
public enum FollowStep
{
    /// <summary>It is watched now.</summary>
    Began,

    /// <summary>It is no longer watched: <see cref="MonitorSession.End"/> says why.</summary>
    Ended,

    /// <summary>
    /// It cannot be watched now, as when it has another listener. It is tried again, and told again only if the reason
    /// changes.
    /// </summary>
    Waits,

    /// <summary>It cannot be watched, and is not tried again.</summary>
    LeftOut,
}
