using System.Management.Automation;

namespace XenVmEvent.PS;

/// <summary>Switch-XenMemoryView: puts all vCPUs of a domain into a view of its memory.</summary>
[Cmdlet(VerbsCommon.Switch, "XenMemoryView", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class SwitchXenMemoryViewCommand : DomainCmdlet
{
    /// <summary>The domains: ids, names with or without wildcards, uuids, or what Get-XenDomain or Get-XenMemoryView returns.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [DomainTransformation]
    [ArgumentCompleter(typeof(DomainCompleter))]
    public DomainSelector[] Domain { get; set; } = [];

    /// <summary>The view; 0 is the host's own, without restrictions of other views.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ViewCompleter))]
    public ushort View { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEachDomain(Domain, IsMonitored, domain =>
    {
        if (ShouldProcess(domain.ToString(), $"Switch to the view {View} of its memory")) XenHost.GetSession(domain).SwitchToView(View);
    });
}
