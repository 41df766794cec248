using System.Diagnostics.CodeAnalysis;

namespace System.Management.Automation;

public abstract class Cmdlet
{
    private ICommandRuntime? _runtime;

    public bool Stopping => Runtime.IsStopping;

    internal ICommandRuntime Runtime
    {
        get => _runtime ?? throw new NotSupportedException("The stand-in runs cmdlets by Pipeline only.");
        set => _runtime = value;
    }

    public void WriteObject(object? sendToPipeline) => Runtime.WriteObject(sendToPipeline);

    public void WriteError(ErrorRecord errorRecord) => Runtime.WriteError(errorRecord);

    public void WriteWarning(string text) => Runtime.WriteWarning(text);

    /// <summary>Nobody sits before the stand-in.</summary>
    public void WriteProgress(ProgressRecord progressRecord) => throw new NotSupportedException($"Progress was shown: {progressRecord.StatusDescription}.");

    public void WriteVerbose(string text) => Runtime.WriteVerbose(text);

    public bool ShouldProcess(string target, string action) => Runtime.ShouldProcess($"Performing the operation \"{action}\" on target \"{target}\".");

    public bool ShouldProcess(string verboseDescription, string verboseWarning, string caption) => Runtime.ShouldProcess(verboseDescription);

    [DoesNotReturn]
    public void ThrowTerminatingError(ErrorRecord errorRecord) => Runtime.ThrowTerminatingError(errorRecord);

    internal void DoBeginProcessing() => BeginProcessing();

    internal void DoProcessRecord() => ProcessRecord();

    internal void DoEndProcessing() => EndProcessing();

    internal void DoStopProcessing() => StopProcessing();

    protected virtual void BeginProcessing()
    {
    }

    protected virtual void ProcessRecord()
    {
    }

    protected virtual void EndProcessing()
    {
    }

    protected virtual void StopProcessing()
    {
    }
}
