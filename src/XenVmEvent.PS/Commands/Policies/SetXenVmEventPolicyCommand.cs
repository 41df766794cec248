using System.Management.Automation;
using XenVmEvent.Monitoring;
using XenVmEvent.Policy;

namespace XenVmEvent.PS;

/// <summary>
/// Set-XenVmEventPolicy: has a policy decide in open sessions. It replaces a policy with the same name without a gap:
/// each event is decided by the old rules or by the new ones.
/// </summary>
[Cmdlet(VerbsCommon.Set, "XenVmEventPolicy", SupportsShouldProcess = true)]
[OutputType(typeof(PolicyStatus))]
public sealed class SetXenVmEventPolicyCommand : DomainCmdlet
{
    private VmEventPolicy? _policy;

    /// <summary>The domains, whose sessions are open.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [DomainTransformation]
    [ArgumentCompleter(typeof(SessionCompleter))]
    public DomainSelector[] Domain { get; set; } = [];

    /// <summary>The file of the policy.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Policy { get; set; } = "";

    /// <summary>Return the rules that now decide.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => Require(Policy, () => _policy = PolicyPath.Read(this, Policy));

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEachDomain(Domain, domain => IsMonitored(domain) && _policy!.AppliesTo(domain), domain =>
    {
        MonitorSession session = XenHost.GetSession(domain);
        EventRules rules = KeptPolicy.RulesFor(_policy!, domain);
        if (!ShouldProcess(domain.ToString(), $"Apply the policy {_policy}")) return;
        KeptPolicy.Keep(session, rules);
        if (PassThru) WriteObject(PolicyStatus.Of(session).Where(one => one.Policy == rules.Name), enumerateCollection: true);
    });
}
