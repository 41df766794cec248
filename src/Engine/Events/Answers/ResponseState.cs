namespace XenVmEvent.Events;

/// <summary>How an event got its response.</summary>
public enum ResponseState
{
    /// <summary>The session's default went out as soon as the event was read.</summary>
    Default,

    /// <summary>A rule's answer went out as soon as the event was read.</summary>
    Rule,

    /// <summary>The event is held: its vCPU stands still until somebody answers or the deadline passes.</summary>
    Held,

    /// <summary>It was held, and somebody answered.</summary>
    Given,

    /// <summary>It was held, nobody answered in time, and the default went out.</summary>
    TimedOut,

    /// <summary>It was held, its watch or session ended before an answer, and the default went out.</summary>
    Released,

    /// <summary>It has no response: the domain, or the session, ended before it was answered.</summary>
    Unanswered,
}
