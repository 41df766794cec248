using System.Management.Automation;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Policy;
using XenVmEvent.Recovery;

namespace XenVmEvent.PS;

/// <summary>Enable-XenMonitor: opens a session on a domain and keeps it open until Disable-XenMonitor.</summary>
[Cmdlet(VerbsLifecycle.Enable, "XenMonitor", SupportsShouldProcess = true)]
[OutputType(typeof(MonitorStatus))]
public sealed class EnableXenMonitorCommand : DomainCmdlet
{
    private VmEventPolicy? _policy;

    /// <summary>The domains: ids, names with or without wildcards, uuids, or what Get-XenDomain returns.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [DomainTransformation]
    [ArgumentCompleter(typeof(DomainCompleter))]
    public DomainSelector[] Domain { get; set; } = [];

    /// <summary>
    /// How events travel: slotted if the host offers it (Auto), by the ring, or slotted or not at all.
    /// </summary>
    [Parameter]
    public ChannelPreference Channel { get; set; }

    /// <summary>
    /// How long an event may wait for its answer before the default answer goes out. A number means seconds.
    /// </summary>
    [Parameter]
    [DurationTransformation]
    [PositiveDuration(MostMinutes = MonitorOptions.LongestResponseMinutes)]
    public TimeSpan ResponseTimeout { get; set; } = MonitorOptions.DefaultResponseTimeout;

    /// <summary>Xen crashes the domain when an access violates a page's permissions and there is no listener.</summary>
    [Parameter]
    public SwitchParameter ListenerRequired { get; set; }

    /// <summary>
    /// First free the guest from what another listener left behind, as Reset-XenMonitor does; a listener that is still
    /// alive is cut off.
    /// </summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>
    /// The file of a policy, whose rules decide as long as the session is open. Watches see the events, which name the
    /// rules.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Policy { get; set; }

    /// <summary>Start no second process that frees the guest if this one is killed.</summary>
    [Parameter]
    public SwitchParameter NoGuard { get; set; }

    /// <summary>Return the session.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        if (Policy is not null) Require(Policy, () => _policy = PolicyPath.Read(this, Policy));
    }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEachDomain(Domain, d => IsGuest(d) && !IsMonitored(d), domain =>
    {
        EventRules? rules = null;
        if (_policy is not null) rules = KeptPolicy.RulesFor(_policy, domain);
        if (!ShouldProcess(domain.ToString(), "Enable the monitor")) return;
        if (Force && !IsMonitored(domain)) Free(domain);
        MonitorSession session = XenHost.StartSession(domain, new MonitorOptions
        {
            Channel = Channel,
            ResponseTimeout = MyInvocation.BoundParameters.ContainsKey(nameof(ResponseTimeout)) ? ResponseTimeout : _policy?.Limits.HoldTime ?? ResponseTimeout,
            ListenerRequired = ListenerRequired,
        }, guarded: !NoGuard);
        if (rules is not null) Keep(session, rules);
        WriteVerbose($"Monitoring {domain} by the {session.Channel} channel.");
        if (PassThru) WriteObject(new MonitorStatus(session));
    });

    /// <summary>Has rules decide in a new session, which ends again if they are refused.</summary>
    private static void Keep(MonitorSession session, EventRules rules)
    {
        try
        {
            KeptPolicy.Keep(session, rules);
        }
        catch (XenException)
        {
            session.Stop();
            throw;
        }
    }

    /// <summary>
    /// If a vCPU still does not run, that is no reason not to listen: a guest may be paused so that it is watched from
    /// its start.
    /// </summary>
    private void Free(XenDomain domain)
    {
        MonitorResetReport report = MonitorReset.Run(NoGuard ? XenHost.Current : XenHost.CurrentGuarded, domain);
        foreach (XenException failure in report.Failures) WriteWarning($"{failure.Message} {Remedies.Of(failure)}");
        if (report.StillFrozenVCpus.Count == 0) return;
        WriteWarning($"vCPUs {string.Join(", ", report.StillFrozenVCpus)} of {domain} still do not run. If 'xl list' shows the domain paused, run 'xl unpause'; otherwise something other than a listener holds it.");
    }
}
