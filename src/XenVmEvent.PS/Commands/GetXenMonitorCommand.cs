using System.Management.Automation;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>Get-XenMonitor: gets the open sessions and their counters.</summary>
[Cmdlet(VerbsCommon.Get, "XenMonitor")]
[OutputType(typeof(MonitorStatus))]
public sealed class GetXenMonitorCommand : DomainCmdlet
{
    /// <summary>The domains. Without it, all.</summary>
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
