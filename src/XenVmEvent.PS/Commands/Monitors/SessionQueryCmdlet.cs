using System.Management.Automation;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>A cmdlet that tells about open sessions: all, or those of some domains.</summary>
public abstract class SessionQueryCmdlet : DomainCmdlet
{
    /// <summary>The domains. Without it, all that have a session.</summary>
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
            foreach (MonitorSession session in XenHost.Sessions) Tell(session);
            return;
        }

        ForEachDomain(Domain, IsMonitored, domain =>
        {
            if (XenHost.FindSession(domain) is { } session) Tell(session);
        });
    }

    /// <summary>Writes what there is to tell about a session.</summary>
    private protected abstract void Tell(MonitorSession session);
}
