using System.Management.Automation;

namespace XenVmEvent.PS;

/// <summary>A cmdlet that takes a view of a domain's memory.</summary>
public abstract class ViewCmdlet : DomainCmdlet
{
    /// <summary>
    /// The domains: ids, names with or without wildcards, uuids, or what Get-XenDomain or Get-XenMemoryView returns.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [DomainTransformation]
    [ArgumentCompleter(typeof(DomainCompleter))]
    public DomainSelector[] Domain { get; set; } = [];

    /// <summary>The view; 0 is the host's own.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ViewCompleter))]
    public ushort View { get; set; }
}
