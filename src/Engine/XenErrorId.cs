namespace XenVmEvent;

/// <summary>The stable names of all errors, for scripts to test for; also the id of a cmdlet's ErrorRecord.</summary>
public enum XenErrorId
{
    /// <summary>Xen or one of its libraries is missing, or this is not dom0.</summary>
    XenNotAvailable,

    /// <summary>The installed Xen libraries are not those of the running Xen.</summary>
    LibraryMismatch,

    /// <summary>The caller may not do this: not root, or refused by Xen's security policy.</summary>
    NotPermitted,

    /// <summary>This Xen, its configuration or the hardware cannot do what was asked.</summary>
    NotSupported,

    /// <summary>Options that exclude each other, or that do not apply to the kind of event.</summary>
    InvalidArgument,

    /// <summary>The vm_event interface version is not supported.</summary>
    UnknownInterfaceVersion,

    /// <summary>No domain has this id, name or uuid.</summary>
    DomainNotFound,

    /// <summary>Several domains have this name.</summary>
    AmbiguousDomain,

    /// <summary>The domain cannot be monitored: it is dom0, or paravirtualised.</summary>
    DomainNotSupported,

    /// <summary>Another listener has the domain's monitor, or left it enabled.</summary>
    MonitorBusy,

    /// <summary>The domain has no memory left for this.</summary>
    OutOfMemory,

    /// <summary>A guest frame number that the domain does not have.</summary>
    InvalidGfn,

    /// <summary>
    /// A breakpoint cannot be set there: it is no code of the guest's kernel.
    /// </summary>
    InvalidBreakpoint,

    /// <summary>A range of a guest's kernel has no memory, or is too large.</summary>
    InvalidRange,

    /// <summary>The symbols are not those of the guest's kernel as it is in memory.</summary>
    WrongSymbols,

    /// <summary>A vCPU that the domain does not have.</summary>
    InvalidVCpu,

    /// <summary>The domain has no such view of its memory.</summary>
    ViewNotFound,

    /// <summary>A vCPU is in the view.</summary>
    ViewInUse,

    /// <summary>The shared ring or a vCPU's slot contains values that Xen never writes.</summary>
    CorruptChannel,

    /// <summary>The session or the domain has ended.</summary>
    SessionEnded,

    /// <summary>The answer makes no sense for this kind of event.</summary>
    ResponseNotApplicable,

    /// <summary>The event has already been answered, by its deadline or by somebody else.</summary>
    AlreadyAnswered,

    /// <summary>The event is already being watched with other options.</summary>
    ConflictingWatch,

    /// <summary>The guard, which frees the guest if this process is killed, does not start.</summary>
    GuardFailed,

    /// <summary>A file of recorded events cannot be opened, read or written.</summary>
    RecordingFailed,

    /// <summary>A file with this name exists.</summary>
    RecordingExists,

    /// <summary>A file, or a line of it, is not a recording of events.</summary>
    InvalidRecording,

    /// <summary>A file for a report cannot be opened or written.</summary>
    ReportFailed,

    /// <summary>A file with the report's name exists.</summary>
    ReportExists,

    /// <summary>A policy's file cannot be read, or is wrong.</summary>
    InvalidPolicy,

    /// <summary>An expression is wrong.</summary>
    InvalidExpression,

    /// <summary>A configuration of the agent cannot be read, or is wrong.</summary>
    InvalidConfiguration,

    /// <summary>No agent answers, or not one of this version.</summary>
    AgentNotAvailable,

    /// <summary>Redis cannot be reached, or refuses.</summary>
    RedisFailed,

    /// <summary>Standard output is closed or full.</summary>
    OutputFailed,

    /// <summary>A command line is wrong.</summary>
    InvalidUsage,

    /// <summary>The simulated host crashed: the listener did something that panics or deadlocks a real one.</summary>
    HostCrashed,

    /// <summary>A defect of this program.</summary>
    Unexpected,

    /// <summary>A call to Xen failed in a way that has no id of its own.</summary>
    CallFailed,
}
