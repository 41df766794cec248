using System.Management.Automation;

namespace XenVmEvent.PS;

/// <summary>What all cmdlets share: errors with an id, a category, a target and a remedy, and stopping.</summary>
public abstract class XenCmdlet : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Cancelled when the pipeline is stopped.</summary>
    private protected CancellationToken Stopped => _stop.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    protected override void StopProcessing() => _stop.Cancel();

    /// <summary>Releases what the cmdlet holds, however it ended.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing) _stop.Dispose();
    }

    /// <summary>
    /// Runs an action. If Xen refuses, that becomes an error about the target, and the cmdlet goes on.
    /// </summary>
    private protected void Report(object? target, Action action)
    {
        try
        {
            action();
        }
        catch (XenException e)
        {
            WriteError(ToErrorRecord(e, target));
        }
    }

    /// <summary>Runs an action. If Xen refuses, the cmdlet ends.</summary>
    private protected void Require(object? target, Action action)
    {
        try
        {
            action();
        }
        catch (XenException e)
        {
            ThrowTerminatingError(ToErrorRecord(e, target));
        }
    }

    /// <summary>Writes the warnings that guards and sessions have queued since the last call.</summary>
    private protected void WarnOfGuards()
    {
        while (XenHost.Warnings.TryDequeue(out string? warning)) WriteWarning(warning);
    }

    internal static ErrorRecord ToErrorRecord(XenException e, object? target) =>
        new(e, e.Id.ToString(), CategoryOf(e.Id), target)
        {
            ErrorDetails = new ErrorDetails(e.Message) { RecommendedAction = Remedies.Of(e) },
        };

    private static ErrorCategory CategoryOf(XenErrorId id) => id switch
    {
        XenErrorId.XenNotAvailable => ErrorCategory.ResourceUnavailable,
        XenErrorId.LibraryMismatch => ErrorCategory.NotInstalled,
        XenErrorId.NotPermitted => ErrorCategory.PermissionDenied,
        XenErrorId.NotSupported or XenErrorId.UnknownInterfaceVersion => ErrorCategory.NotImplemented,
        XenErrorId.DomainNotFound or XenErrorId.ViewNotFound => ErrorCategory.ObjectNotFound,
        XenErrorId.AmbiguousDomain => ErrorCategory.InvalidArgument,
        XenErrorId.DomainNotSupported => ErrorCategory.InvalidType,
        XenErrorId.MonitorBusy or XenErrorId.ViewInUse => ErrorCategory.ResourceBusy,
        XenErrorId.InvalidArgument or XenErrorId.InvalidBreakpoint or XenErrorId.InvalidRange or XenErrorId.WrongSymbols or XenErrorId.InvalidGfn or XenErrorId.InvalidVCpu or XenErrorId.InvalidExpression => ErrorCategory.InvalidArgument,
        XenErrorId.RecordingFailed or XenErrorId.ReportFailed => ErrorCategory.OpenError,
        XenErrorId.RecordingExists or XenErrorId.ReportExists => ErrorCategory.ResourceExists,
        XenErrorId.CorruptChannel or XenErrorId.InvalidRecording or XenErrorId.InvalidPolicy or XenErrorId.InvalidConfiguration => ErrorCategory.InvalidData,
        XenErrorId.SessionEnded or XenErrorId.HostCrashed or XenErrorId.RedisFailed => ErrorCategory.ConnectionError,
        XenErrorId.ResponseNotApplicable or XenErrorId.AlreadyAnswered or XenErrorId.ConflictingWatch => ErrorCategory.InvalidOperation,
        XenErrorId.OutOfMemory or XenErrorId.GuardFailed or XenErrorId.AgentNotAvailable => ErrorCategory.ResourceUnavailable,
        _ => ErrorCategory.NotSpecified,
    };
}
