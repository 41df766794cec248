namespace XenVmEvent;

/// <summary>
/// What a remedy comes down to, where a face has a command or an option for it. The engine says what to do in words of no
/// face; a face adds how it is done there.
/// </summary>
public enum RemedyTask
{
    /// <summary>Nothing that a face has a command for.</summary>
    None,

    /// <summary>List the domains.</summary>
    ListDomains,

    /// <summary>Look what a host or a domain lacks.</summary>
    TestMonitor,

    /// <summary>Free a domain that a listener has left behind.</summary>
    ResetMonitor,

    /// <summary>Use the ring.</summary>
    UseRing,

    /// <summary>Use the slotted channel.</summary>
    UseSlots,

    /// <summary>Use the simulator.</summary>
    UseSimulator,

    /// <summary>Go without a guard.</summary>
    GoWithoutGuard,

    /// <summary>Answer events that are held, or end the session.</summary>
    AnswerEvents,

    /// <summary>Hold events.</summary>
    HoldEvents,

    /// <summary>Watch single steps.</summary>
    WatchSteps,

    /// <summary>Watch the access to pages.</summary>
    WatchPages,

    /// <summary>Name the pages that are meant.</summary>
    NamePages,

    /// <summary>List the views of a domain's memory.</summary>
    ListViews,

    /// <summary>Make a view.</summary>
    CreateView,

    /// <summary>Remove a view.</summary>
    RemoveView,

    /// <summary>Put all vCPUs into the host's own view.</summary>
    LeaveView,
}
