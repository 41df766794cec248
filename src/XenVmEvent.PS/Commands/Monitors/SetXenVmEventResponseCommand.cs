using System.Management.Automation;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Policy;

namespace XenVmEvent.PS;

/// <summary>
/// Set-XenVmEventResponse: answers a held event, or sets a session's default answer to a kind of event.
/// </summary>
[Cmdlet(VerbsCommon.Set, "XenVmEventResponse", SupportsShouldProcess = true, DefaultParameterSetName = EventSet)]
[OutputType(typeof(VmEvent), ParameterSetName = [EventSet])]
[OutputType(typeof(MonitorStatus), ParameterSetName = [DefaultSet])]
public sealed class SetXenVmEventResponseCommand : DomainCmdlet
{
    private const string EventSet = "Event";
    private const string DefaultSet = "Default";

    private readonly Dictionary<VmEventKind, AnswerCondition?> _conditions = [];
    private VmEventResponse _response = VmEventResponse.Continue;

    /// <summary>The held event.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ParameterSetName = EventSet)]
    public VmEvent? InputObject { get; set; }

    /// <summary>The domains whose sessions get the default answer.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = DefaultSet)]
    [DomainTransformation]
    [ArgumentCompleter(typeof(DomainCompleter))]
    public DomainSelector[] Domain { get; set; } = [];

    /// <summary>The kinds of event that get the default answer.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = DefaultSet)]
    public VmEventKind[] Event { get; set; } = [];

    /// <summary>For MovToMsr: only writes of these registers, by name, as in IA32_LSTAR, or by number.</summary>
    [Parameter(ParameterSetName = DefaultSet)]
    [MsrTransformation]
    [ArgumentCompleter(typeof(MsrCompleter))]
    [ValidateNotNullOrEmpty]
    public uint[] Msr { get; set; } = [];

    /// <summary>For WriteControlRegister: only writes of these registers.</summary>
    [Parameter(ParameterSetName = DefaultSet)]
    [ValidateNotNullOrEmpty]
    public ControlRegister[] ControlRegister { get; set; } = [];

    /// <summary>Only events for which this condition holds, as in 'newValue &amp; 0x100000 == 0'.</summary>
    [Parameter(ParameterSetName = DefaultSet)]
    [ArgumentCompleter(typeof(NoCompleter))]
    [ValidateNotNullOrEmpty]
    public string? When { get; set; }

    /// <summary>Go on as if nobody had watched. This is also the default if only other parameters are given.</summary>
    [Parameter]
    public SwitchParameter Continue { get; set; }

    /// <summary>Give the guest its breakpoint or debug exception, as Continue does.</summary>
    [Parameter]
    public SwitchParameter Reinject { get; set; }

    /// <summary>Go on after the breakpoint or debug exception; the guest never learns of it.</summary>
    [Parameter]
    public SwitchParameter Skip { get; set; }

    /// <summary>Let Xen emulate the instruction; the page stays watched.</summary>
    [Parameter]
    public SwitchParameter Emulate { get; set; }

    /// <summary>Let Xen emulate the instruction and discard what it writes; the page stays watched.</summary>
    [Parameter]
    public SwitchParameter EmulateNoWrite { get; set; }

    /// <summary>Do not do the register write.</summary>
    [Parameter]
    public SwitchParameter Deny { get; set; }

    /// <summary>Registers to set, as in @{ Rax = 1; Rip = 0x401000 }; the others keep their values.</summary>
    [Parameter]
    [RegisterTransformation]
    [ArgumentCompleter(typeof(RegisterCompleter))]
    public RegisterValues? Register { get; set; }

    /// <summary>Emulate the instruction, which reads these bytes instead of the actual ones.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public byte[] EmulatedReadData { get; set; } = [];

    /// <summary>Emulate the instruction in these bytes instead of INT3.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public byte[] InstructionData { get; set; } = [];

    /// <summary>The altp2m view in which the vCPU goes on.</summary>
    [Parameter]
    public ushort View { get; set; }

    /// <summary>Turn single-stepping of the vCPU on if it was off, and off if it was on.</summary>
    [Parameter]
    public SwitchParameter ToggleSingleStep { get; set; }

    /// <summary>Execute one instruction, without an event, then go on in this altp2m view.</summary>
    [Parameter]
    public ushort FastSingleStepView { get; set; }

    /// <summary>Raise an Interrupt event for the next interrupt that the vCPU takes.</summary>
    [Parameter]
    public SwitchParameter GetNextInterrupt { get; set; }

    /// <summary>Empty the vCPU's processor trace buffer.</summary>
    [Parameter]
    public SwitchParameter ResetVmTrace { get; set; }

    /// <summary>Reset the state of a forked domain's vCPU to its parent's.</summary>
    [Parameter]
    public SwitchParameter ResetForkState { get; set; }

    /// <summary>Reset the memory of a forked domain to its parent's.</summary>
    [Parameter]
    public SwitchParameter ResetForkMemory { get; set; }

    /// <summary>Return the answered event, or the session whose default answer was set.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => Require(Target, () =>
    {
        _response = ToResponse();
        _response.EnsureConsistent();
        foreach (VmEventKind kind in Event) _conditions[kind] = ConditionFor(kind);
    });

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == DefaultSet) ForEachDomain(Domain, IsMonitored, SetDefault);
        else if (ShouldProcess(InputObject!.ToString(), $"Answer {_response}")) Report(InputObject, () => Answer(InputObject));
    }

    /// <summary>
    /// The target as far as it is known at the beginning; events come through the pipeline only later.
    /// </summary>
    private object Target => Domain.Length > 0 ? Domain : (object?)InputObject ?? MyInvocation.MyCommand.Name;

    private void Answer(VmEvent vmEvent)
    {
        vmEvent.Respond(_response);
        if (PassThru) WriteObject(vmEvent);
    }

    private VmEventResponse ToResponse()
    {
        bool saysMore = ToResponse(VmEventAction.Continue) != VmEventResponse.Continue;
        return ToResponse(ToAction(saysMore));
    }

    private VmEventResponse ToResponse(VmEventAction action) => new(
        action,
        Register?.ToDictionary(),
        view: IsGiven(nameof(View)) ? View : null,
        toggleSingleStep: ToggleSingleStep,
        fastSingleStepView: IsGiven(nameof(FastSingleStepView)) ? FastSingleStepView : null,
        emulatedReadData: EmulatedReadData,
        instructionData: InstructionData,
        getNextInterrupt: GetNextInterrupt,
        resetVmTrace: ResetVmTrace,
        resetForkState: ResetForkState,
        resetForkMemory: ResetForkMemory);

    private VmEventAction ToAction(bool saysMore)
    {
        List<VmEventAction> chosen = [];
        if (Continue) chosen.Add(VmEventAction.Continue);
        if (Reinject) chosen.Add(VmEventAction.Reinject);
        if (Skip) chosen.Add(VmEventAction.Skip);
        if (Emulate) chosen.Add(VmEventAction.Emulate);
        if (EmulateNoWrite) chosen.Add(VmEventAction.EmulateNoWrite);
        if (Deny) chosen.Add(VmEventAction.Deny);
        if (chosen.Count == 1) return chosen[0];
        if (chosen.Count == 0 && saysMore) return EmulatedReadData.Length + InstructionData.Length > 0 ? VmEventAction.Emulate : VmEventAction.Continue;
        throw new XenException(
            XenErrorId.ResponseNotApplicable,
            chosen.Count == 0 ? "No response was named." : $"The responses {string.Join(" and ", chosen)} exclude each other.",
            $"Name one of {string.Join(", ", Enum.GetNames<VmEventAction>().Select(name => $"-{name}"))}.");
    }

    /// <summary>The condition on events of a kind; null: none.</summary>
    private AnswerCondition? ConditionFor(VmEventKind kind)
    {
        if (Msr.Length > 0 && kind != VmEventKind.MovToMsr) throw IsFor(nameof(Msr), VmEventKind.MovToMsr);
        if (ControlRegister.Length > 0 && kind != VmEventKind.WriteControlRegister) throw IsFor(nameof(ControlRegister), VmEventKind.WriteControlRegister);
        if (Msr.Length + ControlRegister.Length == 0 && When is null) return null;
        return new AnswerCondition { Msrs = Msr, ControlRegisters = ControlRegister, When = When is null ? null : EventCondition.Parse(kind, When) };
    }

    private static XenException IsFor(string parameter, VmEventKind kind) => new(
        XenErrorId.ResponseNotApplicable, $"-{parameter} is only for {kind} events.", $"Name -Event {kind} alone, or leave -{parameter} out.");

    private bool IsGiven(string parameter) => MyInvocation.BoundParameters.ContainsKey(parameter);

    private void SetDefault(XenDomain domain)
    {
        MonitorSession session = XenHost.GetSession(domain);
        bool isSet = false;
        foreach (VmEventKind kind in Event)
        {
            Report(domain, () =>
            {
                _response.EnsureAppliesTo(kind);
                if (!ShouldProcess(domain.ToString(), $"Answer {kind} events{(_conditions[kind] is { } condition ? $" {condition}" : "")} with {_response}")) return;
                session.SetDefaultResponse(kind, _response, _conditions[kind]);
                isSet = true;
            });
        }

        if (PassThru && isSet) WriteObject(new MonitorStatus(session));
    }
}
