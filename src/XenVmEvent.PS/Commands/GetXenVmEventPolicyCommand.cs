using System.Management.Automation;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>Get-XenVmEventPolicy: gets the rules that decide on guests' events, and what they have done.</summary>
[Cmdlet(VerbsCommon.Get, "XenVmEventPolicy")]
[OutputType(typeof(PolicyStatus))]
public sealed class GetXenVmEventPolicyCommand : DomainCmdlet
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
            foreach (MonitorSession session in XenHost.Sessions) WriteObject(PolicyStatus.Of(session), enumerateCollection: true);
            return;
        }

        ForEachDomain(Domain, IsMonitored, domain =>
        {
            if (XenHost.FindSession(domain) is { } session) WriteObject(PolicyStatus.Of(session), enumerateCollection: true);
        });
    }
}
