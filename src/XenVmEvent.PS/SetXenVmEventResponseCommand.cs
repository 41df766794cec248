using System.Management.Automation;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>Set-XenVmEventResponse: answers a held event, or sets what a session answers by itself to a kind of event.</summary>
[Cmdlet(VerbsCommon.Set, "XenVmEventResponse", SupportsShouldProcess = true, DefaultParameterSetName = EventSet)]
[OutputType(typeof(void))]
public sealed class SetXenVmEventResponseCommand : DomainCmdlet
{
    private const string EventSet = "Event";
    private const string DefaultSet = "Default";

    /// <summary>The held event.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ParameterSetName = EventSet)]
    public VmEvent? InputObject { get; set; }

    /// <summary>The domains whose sessions' default is set.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = DefaultSet)]
    [DomainTransformation]
    [ArgumentCompleter(typeof(DomainCompleter))]
    public DomainSelector[] Domain { get; set; } = [];

    /// <summary>The kinds of event whose default is set.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = DefaultSet)]
    public VmEventKind[] Event { get; set; } = [];

    /// <summary>Go on as if nobody had watched.</summary>
    [Parameter]
    public SwitchParameter Continue { get; set; }

    /// <summary>Let Xen emulate the instruction; the page stays watched.</summary>
    [Parameter]
    public SwitchParameter Emulate { get; set; }

    /// <summary>Let Xen emulate the instruction and discard what it writes; the page stays watched.</summary>
    [Parameter]
    public SwitchParameter EmulateNoWrite { get; set; }

    /// <summary>Do not do the register write.</summary>
    [Parameter]
    public SwitchParameter Deny { get; set; }

    private VmEventResponse Response
    {
        get
        {
            List<VmEventResponse> chosen = [];
            if (Continue) chosen.Add(VmEventResponse.Continue);
            if (Emulate) chosen.Add(VmEventResponse.Emulate);
            if (EmulateNoWrite) chosen.Add(VmEventResponse.EmulateNoWrite);
            if (Deny) chosen.Add(VmEventResponse.Deny);
            return chosen.Count == 1 ? chosen[0] : throw new XenException(
                XenErrorId.ResponseNotApplicable,
                chosen.Count == 0 ? "No response was named." : $"The responses {string.Join(" and ", chosen)} exclude each other.",
                "Name one of -Continue, -Emulate, -EmulateNoWrite and -Deny.");
        }
    }

    /// <inheritdoc/>
    protected override void BeginProcessing() => Require(null, () => _ = Response);

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == DefaultSet) ForEachDomain(Domain, IsMonitored, SetDefault);
        else if (ShouldProcess(InputObject!.ToString(), $"Answer {Response}")) Report(InputObject, () => InputObject!.Respond(Response));
    }

    private void SetDefault(XenDomain domain)
    {
        MonitorSession session = XenHost.GetSession(domain);
        foreach (VmEventKind kind in Event)
        {
            Report(domain, () =>
            {
                Response.EnsureAppliesTo(kind);
                if (ShouldProcess(domain.ToString(), $"Answer {kind} events with {Response}")) session.SetDefaultResponse(kind, Response);
            });
        }
    }
}
