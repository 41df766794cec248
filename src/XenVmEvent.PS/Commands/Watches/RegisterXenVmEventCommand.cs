using System.Management.Automation;
using Microsoft.PowerShell.Commands;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>
/// Register-XenVmEvent: subscribes to events of guests, as Register-ObjectEvent does for objects. Each event runs the
/// -Action, with the event in $EventArgs.VmEvent, while the shell stays free. Unregister-Event ends it and gives
/// everything back.
/// </summary>
[Cmdlet(VerbsLifecycle.Register, "XenVmEvent", SupportsShouldProcess = true, DefaultParameterSetName = ByKind)]
[OutputType(typeof(PSEventJob))]
public sealed class RegisterXenVmEventCommand : ObjectEventRegistrationBase, IDisposable
{
    private const string ByKind = "Event";
    private const string ByPage = "Page";

    private readonly List<XenDomain> _domains = [];
    private RegisteredWatch? _watch;

    /// <summary>The domains: ids, names with or without wildcards, uuids, or what Get-XenDomain returns.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [DomainTransformation]
    [ArgumentCompleter(typeof(DomainCompleter))]
    public DomainSelector[] Domain { get; set; } = [];

    /// <summary>The kinds of event; for page accesses use -Access.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = ByKind)]
    public VmEventKind[] Event { get; set; } = [];

    /// <summary>For WriteControlRegister: the registers to watch. Without it, CR0, CR3 and CR4.</summary>
    [Parameter(ParameterSetName = ByKind)]
    [Alias("Register")]
    [ValidateNotNullOrEmpty]
    public ControlRegister[] ControlRegister { get; set; } = [Abi.ControlRegister.CR0, Abi.ControlRegister.CR3, Abi.ControlRegister.CR4];

    /// <summary>For MovToMsr: the registers by name, as in IA32_LSTAR, or by number.</summary>
    [Parameter(ParameterSetName = ByKind)]
    [MsrTransformation]
    [ArgumentCompleter(typeof(MsrCompleter))]
    [ValidateNotNullOrEmpty]
    public uint[] Msr { get; set; } = [];

    /// <summary>
    /// For WriteControlRegister and MovToMsr: a write that does not change the value raises no event.
    /// </summary>
    [Parameter(ParameterSetName = ByKind)]
    public SwitchParameter OnChangeOnly { get; set; }

    /// <summary>The page accesses to watch: Read, Write, Execute.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByPage)]
    public PageAccess Access { get; set; }

    /// <summary>
    /// The pages, as in 0x400 or 0x400-0x43f. Without it, all pages that the domain has now or gets later.
    /// </summary>
    [Parameter(ParameterSetName = ByPage)]
    [GfnTransformation]
    [ArgumentCompleter(typeof(NoCompleter))]
    public GfnRange[] Gfn { get; set; } = [];

    /// <summary>Keep pages watched after their first access.</summary>
    [Parameter(ParameterSetName = ByPage)]
    public SwitchParameter Repeat { get; set; }

    /// <summary>
    /// Each event waits until the action answers it with Set-XenVmEventResponse, at most for -ResponseTimeout.
    /// </summary>
    [Parameter]
    public SwitchParameter Hold { get; set; }

    /// <summary>
    /// How long an event may wait for its answer before the default answer goes out. A number means seconds.
    /// </summary>
    [Parameter]
    [DurationTransformation]
    [PositiveDuration(MostMinutes = MonitorOptions.LongestResponseMinutes)]
    public TimeSpan ResponseTimeout { get; set; } = MonitorOptions.DefaultResponseTimeout;

    /// <summary>Start no second process that frees the guest if this one is killed.</summary>
    [Parameter]
    public SwitchParameter NoGuard { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        Require(Event, Validate);
    }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Require(Domain, () =>
    {
        foreach (XenDomain domain in Domain.SelectMany(Meant))
        {
            if (!_domains.Contains(domain) && ShouldProcess(domain.ToString(), $"Watch {(ParameterSetName == ByPage ? Access : string.Join(", ", Event))}")) _domains.Add(domain);
        }
    });

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_domains.Count > 0) base.EndProcessing();
    }

    /// <summary>
    /// Ends the watch if it was refused, for example because the identifier is taken: nobody would ever unsubscribe.
    /// </summary>
    public void Dispose()
    {
        if (_watch is { IsSubscribed: false }) _watch.Dispose();
    }

    /// <inheritdoc/>
    protected override object GetSourceObject()
    {
        EventStream events = new(CreateWatch(), policy: null, new MonitorOptions { ResponseTimeout = ResponseTimeout }, guarded: !NoGuard, lookup: null);
        _watch = new RegisteredWatch(events, MaxTriggerCount);
        Require(_domains, () =>
        {
            foreach (XenDomain domain in _domains) events.Add(domain);
        });
        return _watch;
    }

    /// <inheritdoc/>
    protected override string GetSourceObjectEventName() => nameof(RegisteredWatch.EventArrived);

    private static IEnumerable<XenDomain> Meant(DomainSelector selector) =>
        DomainCmdlet.Resolve(selector, mayMatchNone: false, out bool byWildcard).Where(d => !byWildcard || DomainCmdlet.IsGuest(d));

    /// <summary>If Xen refuses, the cmdlet ends.</summary>
    private void Require(object target, System.Action action)
    {
        try
        {
            action();
        }
        catch (XenException e)
        {
            ThrowTerminatingError(XenCmdlet.ToErrorRecord(e, target));
        }
    }

    private void Validate()
    {
        if (Event.Contains(VmEventKind.MemAccess)) throw Refusal("MemAccess events are watched by pages.", "Use -Access instead of -Event.");
        if (Event.Contains(VmEventKind.MovToMsr) && Msr.Length == 0)
            throw Refusal("MovToMsr events are watched by register, and none was named.", "Name registers with -Msr.");
        if (ParameterSetName == ByPage && Access == PageAccess.None) throw Refusal("No access to watch was named.", "Name one or more of Read, Write and Execute.");
    }

    private static XenException Refusal(string why, string remedy) => new(XenErrorId.InvalidArgument, why, remedy);

    private EventWatch CreateWatch() => ParameterSetName == ByPage
        ? new EventWatch { Kinds = [VmEventKind.MemAccess], Pages = new PageWatch { Access = Access, Ranges = Gfn, Repeat = Repeat }, Hold = Hold }
        : new EventWatch { Kinds = Event, ControlRegisters = ControlRegister, Msrs = Msr, OnChangeOnly = OnChangeOnly, Hold = Hold };
}
