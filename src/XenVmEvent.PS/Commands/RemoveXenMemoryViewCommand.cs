using System.Management.Automation;

namespace XenVmEvent.PS;

/// <summary>Remove-XenMemoryView: removes a view of a domain's memory that no vCPU is in.</summary>
[Cmdlet(VerbsCommon.Remove, "XenMemoryView", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class RemoveXenMemoryViewCommand : DomainCmdlet
{
    /// <summary>The domains: ids, names with or without wildcards, uuids, or what Get-XenDomain or Get-XenMemoryView returns.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [DomainTransformation]
    [ArgumentCompleter(typeof(DomainCompleter))]
    public DomainSelector[] Domain { get; set; } = [];

    /// <summary>The view, one that New-XenMemoryView made.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ViewCompleter))]
    public ushort View { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEachDomain(Domain, IsMonitored, domain =>
    {
        if (ShouldProcess(domain.ToString(), $"Remove the view {View} of its memory")) XenHost.GetSession(domain).RemoveView(View);
    });
}
