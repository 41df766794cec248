namespace XenVmEvent.Cli;

/// <summary>The format in which events are printed.</summary>
internal enum OutputFormat
{
    /// <summary>The lines of xen-access.</summary>
    Text,

    /// <summary>One JSON object a line.</summary>
    Json,
}
