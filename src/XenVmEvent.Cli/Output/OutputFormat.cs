namespace XenVmEvent.Cli;

/// <summary>How events are printed.</summary>
internal enum OutputFormat
{
    /// <summary>xen-access's lines.</summary>
    Text,

    /// <summary>One JSON object a line.</summary>
    Json,
}
