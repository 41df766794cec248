namespace XenVmEvent;

/// <summary>
/// The task behind a remedy, if a face has a command or an option for it. The engine's remedies use no face's words; a
/// face adds its own command.
/// </summary>
public enum RemedyTask
{
    /// <summary>No task that a face has a command for.</summary>
    None,

    /// <summary>List the domains.</summary>
    ListDomains,

    /// <summary>Test what a host or a domain lacks.</summary>
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

    /// <summary>Answer held events, or end the session.</summary>
    AnswerEvents,

    /// <summary>Hold events.</summary>
    HoldEvents,

    /// <summary>Watch single steps.</summary>
    WatchSteps,

    /// <summary>Watch page accesses.</summary>
    WatchPages,

    /// <summary>Name the pages you mean.</summary>
    NamePages,

    /// <summary>Check a policy, to see all that is wrong with it.</summary>
    CheckPolicy,

    /// <summary>List the views of a domain's memory.</summary>
    ListViews,

    /// <summary>Make a view.</summary>
    CreateView,

    /// <summary>Remove a view.</summary>
    RemoveView,

    /// <summary>Switch all vCPUs to the host's own view.</summary>
    LeaveView,
}
