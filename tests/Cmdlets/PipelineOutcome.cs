using System.Management.Automation;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>What came out of a pipeline.</summary>
/// <param name="State">How it ended. With enough down the pipeline it completed.</param>
/// <param name="Output">The objects written.</param>
/// <param name="Errors">The errors after which it went on.</param>
/// <param name="TerminatingError">The error that ended it.</param>
/// <param name="Warnings">The warnings.</param>
/// <param name="WhatIf">With -WhatIf: what would have been done.</param>
internal sealed record PipelineOutcome(
    PSInvocationState State,
    IReadOnlyList<object?> Output,
    IReadOnlyList<ErrorRecord> Errors,
    ErrorRecord? TerminatingError,
    IReadOnlyList<string> Warnings,
    IReadOnlyList<string> WhatIf)
{
    /// <summary>The output, all of one type.</summary>
    public T[] OutputOf<T>() => [.. Output.Cast<T>()];
}
