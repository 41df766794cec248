using System.Management.Automation;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>Get-XenMemoryView: gets the views of a monitored domain's memory, and the vCPUs in each.</summary>
[Cmdlet(VerbsCommon.Get, "XenMemoryView")]
[OutputType(typeof(MemoryView))]
public sealed class GetXenMemoryViewCommand : DomainCmdlet
{
    /// <summary>The domains. Without it, all monitored ones.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [DomainTransformation]
    [ArgumentCompleter(typeof(DomainCompleter))]
    public DomainSelector[] Domain { get; set; } = [];

    private protected override bool MayMatchNone => true;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Domain.Length == 0)
        {
            foreach (MonitorSession session in XenHost.Sessions) Report(session.Domain, () => Write(session));
            return;
        }

        ForEachDomain(Domain, IsMonitored, domain => Write(XenHost.GetSession(domain)));
    }

    private void Write(MonitorSession session)
    {
        foreach (MemoryView view in session.GetViews()) WriteObject(view);
    }
}
