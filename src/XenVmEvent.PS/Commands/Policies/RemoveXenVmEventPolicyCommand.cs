using System.Management.Automation;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>Remove-XenVmEventPolicy: ends policies that sessions keep. The sessions stay open.</summary>
[Cmdlet(VerbsCommon.Remove, "XenVmEventPolicy", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class RemoveXenVmEventPolicyCommand : DomainCmdlet
{
    /// <summary>The domains, whose sessions are open.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [DomainTransformation]
    [ArgumentCompleter(typeof(SessionCompleter))]
    public DomainSelector[] Domain { get; set; } = [];

    /// <summary>The names of the policies, with or without wildcards.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string[] Policy { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEachDomain(Domain, IsMonitored, domain =>
    {
        MonitorSession session = XenHost.GetSession(domain);
        foreach (string name in Policy)
        {
            Predicate<string> isNamed = NamePattern.Matching(name);
            EventSubscription[] kept = [.. session.Policies.Where(one => KeptPolicy.IsKept(one) && isNamed(one.Rules!.Name))];
            if (kept.Length == 0 && !NamePattern.IsPattern(name)) throw NotKept(session, name);
            foreach (EventSubscription one in kept)
            {
                if (ShouldProcess(domain.ToString(), $"Remove the policy {one.Rules!.Name}")) one.Dispose();
            }
        }
    });

    private static XenException NotKept(MonitorSession session, string name) => new(
        XenErrorId.InvalidArgument,
        $"The session of {session.Domain} keeps no policy {name}.",
        "Get-XenVmEventPolicy lists the policies; that of a watch ends with the watch.");
}
