using System.Management.Automation;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>Get-XenMonitor: the open sessions and what they have done.</summary>
[Cmdlet(VerbsCommon.Get, "XenMonitor")]
[OutputType(typeof(MonitorStatus))]
public sealed class GetXenMonitorCommand : DomainCmdlet
{
    /// <summary>Of which domains. All when left out.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [DomainTransformation]
    [ArgumentCompleter(typeof(SessionCompleter))]
    public DomainSelector[] Domain { get; set; } = [];

    private protected override bool MayMatchNone => true;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Domain.Length == 0)
        {
            foreach (MonitorSession session in XenHost.Sessions) WriteObject(new MonitorStatus(session));
            return;
        }

        ForEachDomain(Domain, IsMonitored, domain =>
        {
            if (XenHost.FindSession(domain) is { } session) WriteObject(new MonitorStatus(session));
        });
    }
}
