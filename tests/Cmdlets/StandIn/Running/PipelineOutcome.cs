using System.Management.Automation;

namespace XenVmEvent.Cmdlets.Tests.StandIn;

/// <summary>What came out of a pipeline.</summary>
internal sealed class PipelineOutcome
{
    /// <summary>How it ended. With enough down the pipeline it completed.</summary>
    public PipelineState State { get; set; }

    /// <summary>The objects written.</summary>
    public List<object?> Output { get; } = [];

    /// <summary>The errors after which it went on.</summary>
    public List<ErrorRecord> Errors { get; } = [];

    /// <summary>The error that ended it.</summary>
    public ErrorRecord? TerminatingError { get; set; }

    public List<string> Warnings { get; } = [];

    /// <summary>With -Verbose.</summary>
    public List<string> Verbose { get; } = [];

    /// <summary>With -WhatIf: what would have been done.</summary>
    public List<string> WhatIf { get; } = [];

    /// <summary>The output, all of one type.</summary>
    public T[] OutputOf<T>() => [.. Output.Cast<T>()];
}
