using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>A rule that decides on events in the pump's thread, while the vCPU waits and before an object is made.</summary>
public sealed record EventRule
{
    /// <summary>Its name, unique among the rules that are used together.</summary>
    public required string Name { get; init; }

    /// <summary>The events that the rule is about. The rule sees them even if nobody shows them.</summary>
    public required EventWatch Watch { get; init; }

    /// <summary>What must also hold for the rule to fit; null: nothing.</summary>
    public RequestExpression? When { get; init; }

    /// <summary>The answer; null: the rule does not decide, and others may answer.</summary>
    public VmEventResponse? Answer { get; init; }

    /// <summary>Registers of <see cref="Answer"/> whose values are computed from the event. The answer names them too.</summary>
    public IReadOnlyList<ComputedRegister> ComputedRegisters { get; init; } = [];

    /// <summary>Which of its events are shown.</summary>
    public RuleReport Report { get; init; } = RuleReport.All;

    /// <summary>How serious its events are.</summary>
    public RuleSeverity Severity { get; init; }

    /// <summary>A sentence for whoever sees its events; null for none.</summary>
    public string? Message { get; init; }

    /// <summary>
    /// How long after the start of the session the rule begins. Until then it fits no event, and nothing is switched on
    /// for it.
    /// </summary>
    public TimeSpan After { get; init; }

    /// <summary>
    /// Whether the rule begins only when the guest has booted: when an event comes from one of the guest's programs. Most
    /// programs execute CPUID when they start, so CPUID is watched until then.
    /// </summary>
    public bool AfterBoot { get; init; }

    /// <summary>The answer in a few words, as in <c>Continue, Rax=0x1, Rcx computed</c>; null if it has none.</summary>
    public string? AnswerText
    {
        get
        {
            if (Answer is not { } answer) return null;
            if (ComputedRegisters.Count == 0) return answer.Name;
            Dictionary<SettableRegister, ulong> known = new(answer.Registers);
            foreach (ComputedRegister one in ComputedRegisters) known.Remove(one.Register);
            string fixedPart = new VmEventResponse(answer) { Registers = known }.Name;
            return $"{fixedPart}, {string.Join(", ", ComputedRegisters.Select(one => $"{one.Register} computed"))}";
        }
    }

    /// <summary>Whether the rule can deny register writes, so that they must wait for their answer.</summary>
    internal bool Denies => Answer?.Action == VmEventAction.Deny;
}

/// <summary>A register that an answer sets to a computed value.</summary>
/// <param name="Register">The register.</param>
/// <param name="Value">Its value.</param>
public sealed record ComputedRegister(SettableRegister Register, RequestExpression Value);

/// <summary>Which events of a rule are shown. Events that are not shown are still decided and counted.</summary>
public sealed record RuleReport
{
    /// <summary>All.</summary>
    public static RuleReport All { get; } = new();

    /// <summary>None.</summary>
    public static RuleReport None { get; } = new() { Every = 0 };

    /// <summary>Each event of which number is shown: 1 for all, 100 for the first of each hundred, 0 for none.</summary>
    public int Every { get; init; } = 1;

    /// <summary>The number of events shown in a second at most; null: no limit.</summary>
    public int? MostPerSecond { get; init; }
}

/// <summary>The rules of one policy, for a session. Tried in order: the first rule that fits an event decides.</summary>
public sealed record EventRules
{
    /// <summary>The name of the policy.</summary>
    public required string Name { get; init; }

    /// <summary>The rules, in order.</summary>
    public required IReadOnlyList<EventRule> Rules { get; init; }

    /// <summary>Whether rules answer. If not, they only mark and show events, which are answered as without rules.</summary>
    public bool Enforces { get; init; } = true;

    /// <summary>The number of events shown in a second at most, of all rules together; null: no limit.</summary>
    public int? MostPerSecond { get; init; }

    /// <summary>
    /// What happens to a guest that raises more events. Either way, they are decided. Events whose vCPU does not wait are
    /// never slowed.
    /// </summary>
    public ExcessAction Excess { get; init; }
}

/// <summary>What happens when a guest raises more events than a policy's limit.</summary>
public enum ExcessAction
{
    /// <summary>Events beyond the limit are not shown.</summary>
    Shed,

    /// <summary>Their vCPUs wait for their turn, at most as long as for an answer.</summary>
    Slow,
}
