using System.Diagnostics.CodeAnalysis;

namespace System.Management.Automation;

/// <summary>The pipeline, as its cmdlet sees it.</summary>
internal interface ICommandRuntime
{
    InvocationInfo Invocation { get; }

    string ParameterSetName { get; }

    bool IsStopping { get; }

    void WriteObject(object? sendToPipeline);

    void WriteError(ErrorRecord errorRecord);

    void WriteWarning(string text);

    void WriteVerbose(string text);

    bool ShouldProcess(string description);

    [DoesNotReturn]
    void ThrowTerminatingError(ErrorRecord errorRecord);
}
