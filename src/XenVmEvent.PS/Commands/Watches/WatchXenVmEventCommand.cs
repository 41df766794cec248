using System.Management.Automation;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;
using XenVmEvent.Policy;

namespace XenVmEvent.PS;

/// <summary>Watch-XenVmEvent: writes an event when a guest does something of the named kinds.</summary>
[Cmdlet(VerbsCommon.Watch, "XenVmEvent", SupportsShouldProcess = true, DefaultParameterSetName = ByEvent)]
[OutputType(typeof(VmEvent))]
public sealed class WatchXenVmEventCommand : WatchCmdlet
{
    private const string ByEvent = "Event";
    private const string ByPolicy = "Policy";

    /// <summary>The options that apply only to some kinds, and these kinds.</summary>
    private static readonly (string Option, VmEventKind[] Kinds)[] OptionsOfKinds =
    [
        (nameof(ControlRegister), [VmEventKind.WriteControlRegister]),
        (nameof(IgnoredBits), [VmEventKind.WriteControlRegister]),
        (nameof(Msr), [VmEventKind.MovToMsr]),
        (nameof(OnChangeOnly), [VmEventKind.WriteControlRegister, VmEventKind.MovToMsr]),
        (nameof(Async), [VmEventKind.WriteControlRegister, VmEventKind.DebugException, VmEventKind.GuestRequest, VmEventKind.VmExit]),
        (nameof(AllowUserspace), [VmEventKind.GuestRequest]),
        (nameof(VCpu), [VmEventKind.SingleStep]),
    ];

    /// <summary>The kinds of event. Page access has its own cmdlet, Watch-XenMemAccess.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = ByEvent)]
    public VmEventKind[] Event { get; set; } = [];

    /// <summary>
    /// The file of a policy, whose rules decide on the events of its guests. Shown are the events that the rules report.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = ByPolicy)]
    [ValidateNotNullOrEmpty]
    public string Policy { get; set; } = "";

    /// <summary>For WriteControlRegister: the registers to watch. Without it, CR0, CR3 and CR4.</summary>
    [Parameter]
    [Alias("Register")]
    [ValidateNotNullOrEmpty]
    public ControlRegister[] ControlRegister { get; set; } = [Abi.ControlRegister.CR0, Abi.ControlRegister.CR3, Abi.ControlRegister.CR4];

    /// <summary>For WriteControlRegister: writes that change only these bits raise no event.</summary>
    [Parameter]
    [Alias("BitMask")]
    [BitPatternTransformation]
    public ulong IgnoredBits { get; set; }

    /// <summary>For MovToMsr: the registers by name, as in IA32_LSTAR, or by number.</summary>
    [Parameter]
    [MsrTransformation]
    [ArgumentCompleter(typeof(MsrCompleter))]
    [ValidateNotNullOrEmpty]
    public uint[] Msr { get; set; } = [];

    /// <summary>
    /// For WriteControlRegister and MovToMsr: a write that does not change the value raises no event.
    /// </summary>
    [Parameter]
    public SwitchParameter OnChangeOnly { get; set; }

    /// <summary>
    /// For WriteControlRegister, DebugException and GuestRequest: the guest does not wait for an answer. A VmExit waits
    /// for an answer only with -Hold.
    /// </summary>
    [Parameter]
    public SwitchParameter Async { get; set; }

    /// <summary>For GuestRequest: also requests from the guest's programs, not only those from its kernel.</summary>
    [Parameter]
    public SwitchParameter AllowUserspace { get; set; }

    /// <summary>
    /// For SingleStep: the vCPUs that single-step during the watch; they get no interrupts while they do. Without it,
    /// only the steps that answers ask for are shown.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(VCpuCompleter))]
    public uint[] VCpu { get; set; } = [];

    /// <summary>
    /// For WriteControlRegister and MovToMsr: only writes of these values, as in 0x6000 or
    /// 0xffffffff81000000-0xffffffff81ffffff.
    /// </summary>
    [Parameter]
    [AddressTransformation]
    [ArgumentCompleter(typeof(NoCompleter))]
    [ValidateNotNullOrEmpty]
    public AddressRange[] NewValue { get; set; } = [];

    /// <summary>For WriteControlRegister and MovToMsr: no writes of these values.</summary>
    [Parameter]
    [AddressTransformation]
    [ArgumentCompleter(typeof(NoCompleter))]
    [ValidateNotNullOrEmpty]
    public AddressRange[] ExcludeNewValue { get; set; } = [];

    private protected override string Action => ParameterSetName == ByPolicy ? $"Apply the policy {Policy}" : $"Watch {string.Join(", ", Event)}";

    /// <inheritdoc/>
    protected override void BeginProcessing() => Require(ParameterSetName == ByPolicy ? Policy : Event, () =>
    {
        if (ParameterSetName == ByPolicy)
        {
            RefuseWithPolicy();
            return;
        }

        if (Event.Contains(VmEventKind.MemAccess)) throw Refusal("MemAccess events are watched by pages.", "Use Watch-XenMemAccess.");
        if (Event.Contains(VmEventKind.MovToMsr) && Msr.Length == 0)
        {
            throw Refusal("MovToMsr events are watched by register, and none was named.", "Name registers with -Msr.");
        }

        foreach ((string option, VmEventKind[] kinds) in OptionsOfKinds)
        {
            if (!MyInvocation.BoundParameters.ContainsKey(option) || kinds.Intersect(Event).Any()) continue;
            throw Refusal(
                $"-{option} is for {string.Join(", ", kinds)} events, and you watch none of these.",
                $"Leave -{option} out, or name such a kind with -Event.");
        }

        if (NewValue.Length + ExcludeNewValue.Length > 0 && Event.Except(EventSelection.KindsWithNewValue).ToArray() is { Length: > 0 } others)
        {
            throw Refusal(
                $"{string.Join(", ", others)} events have no new value, so none would be shown.",
                $"Leave these kinds out, or watch them separately; -NewValue and -ExcludeNewValue are for {string.Join(" and ", EventSelection.KindsWithNewValue)}.");
        }

        if (Async && Hold) throw Refusal("-Async and -Hold exclude each other: an event that the guest does not wait for cannot be held.", "Leave one of them out.");
    });

    private protected override VmEventPolicy? ReadPolicy() => ParameterSetName == ByPolicy ? PolicyPath.Read(this, Policy) : null;

    private protected override EventWatch CreateWatch() => new()
    {
        Kinds = ParameterSetName == ByPolicy ? [VmEventKind.Unknown] : Event,
        ControlRegisters = ControlRegister,
        IgnoredBits = IgnoredBits,
        Msrs = Msr,
        OnChangeOnly = OnChangeOnly,
        Async = Async,
        AllowUserspace = AllowUserspace,
        SteppedVCpus = VCpu,
    };

    private protected override EventSelection CreateSelection() => new() { NewValues = AddressRange.Except(NewValue, ExcludeNewValue) };

    private static XenException Refusal(string why, string remedy) => new(XenErrorId.InvalidArgument, why, remedy);

    /// <summary>What a rule says for itself, or cannot be with rules, makes no sense beside a policy.</summary>
    private void RefuseWithPolicy()
    {
        string[] options =
        [
            .. OptionsOfKinds.Select(one => one.Option), nameof(NewValue), nameof(ExcludeNewValue), nameof(InstructionPointer), nameof(Symbol), nameof(Hold),
        ];
        if (options.FirstOrDefault(MyInvocation.BoundParameters.ContainsKey) is not { } option) return;
        throw Refusal($"-{option} and -Policy exclude each other: the rules of the policy say which events to see, and answer them.", $"Leave -{option} out, or write it into the policy.");
    }
}
