using System.Management.Automation;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>Get-XenMemoryView: the views of a monitored domain's memory, and the vCPUs that are in each.</summary>
[Cmdlet(VerbsCommon.Get, "XenMemoryView")]
[OutputType(typeof(MemoryView))]
public sealed class GetXenMemoryViewCommand : DomainCmdlet
{
    /// <summary>Of which domains. All that are monitored when left out.</summary>
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
