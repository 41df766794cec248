using System.Management.Automation;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>Switch-XenMemoryView: puts all vCPUs of a domain into a view of its memory.</summary>
[Cmdlet(VerbsCommon.Switch, "XenMemoryView", SupportsShouldProcess = true)]
[OutputType(typeof(MemoryView))]
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

    /// <summary>Return the view.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEachDomain(Domain, IsMonitored, domain =>
    {
        if (!ShouldProcess(domain.ToString(), $"Switch to the view {View} of its memory")) return;
        MonitorSession session = XenHost.GetSession(domain);
        session.SwitchToView(View);
        if (PassThru) WriteObject(session.GetViews().First(view => view.View == View));
    });
}
