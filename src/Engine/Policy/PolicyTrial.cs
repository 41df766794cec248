using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Policy;

/// <summary>
/// Tries a policy on events of the past: the same code decides as in a session, and nobody is answered. Times that begin
/// with a session begin with the first event of a guest. Used by one thread.
/// </summary>
public sealed class PolicyTrial
{
    /// <summary>How many events of each rule, and of those without one, are kept.</summary>
    public const int FirstEvents = 5;

    private readonly VmEventPolicy _policy;
    private readonly Dictionary<(uint Id, string Name), GuestOnTrial?> _guests = [];
    private readonly Dictionary<string, List<VmEvent>> _first = [];
    private readonly List<VmEvent> _firstUnmatched = [];
    private readonly SortedDictionary<VmEventKind, long> _unmatched = [];
    private DateTimeOffset? _start;

    /// <param name="policy">The policy.</param>
    public PolicyTrial(VmEventPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        _policy = policy;
    }

    /// <summary>The number of events of the policy's guests.</summary>
    public long Events { get; private set; }

    /// <summary>The number of events of other guests, which the policy does not see.</summary>
    public long OtherGuests { get; private set; }

    /// <summary>The number of events that no rule fitted, by kind.</summary>
    public IReadOnlyDictionary<VmEventKind, long> Unmatched => _unmatched;

    /// <summary>The first of the events that no rule fitted.</summary>
    public IReadOnlyList<VmEvent> FirstUnmatched => _firstUnmatched;

    /// <summary>What each rule did, in order.</summary>
    public IReadOnlyList<RuleTrial> Rules
    {
        get
        {
            RuleCounts[] counts = [.. _guests.Values.OfType<GuestOnTrial>().SelectMany(guest => guest.Decider.Counts)];
            return [.. _policy.Rules.Select(rule => new RuleTrial(
                rule, [.. counts.Where(one => one.Rule == rule.Name)], _first.TryGetValue(rule.Name, out List<VmEvent>? first) ? first : []))];
        }
    }

    /// <summary>The same, and at the end a row without a rule, for the events that no rule fitted.</summary>
    public IReadOnlyList<RuleTrial> Results =>
        [.. Rules, new RuleTrial(_unmatched.Values.Sum(), _firstUnmatched)];

    /// <summary>Decides on the next event.</summary>
    /// <returns>What the policy would have done; null if no rule fits, or the guest is not the policy's.</returns>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidPolicy"/>: there are no symbols for the guest.</exception>
    public RuleVerdict? Add(VmEvent vmEvent)
    {
        ArgumentNullException.ThrowIfNull(vmEvent);
        if (GuestOf(vmEvent) is not { } guest)
        {
            OtherGuests++;
            return null;
        }

        Events++;
        RequestReader request = vmEvent.Request;
        long now = TicksOf(vmEvent.Time);
        while (guest.Decider.TakeDue(now) is { } due) due.Begin();
        if (guest.Decider.Find(request) is not { } rule)
        {
            _unmatched[vmEvent.Kind] = _unmatched.GetValueOrDefault(vmEvent.Kind) + 1;
            Keep(_firstUnmatched, vmEvent);
            return null;
        }

        if (!_first.TryGetValue(rule.Rule.Name, out List<VmEvent>? first)) _first[rule.Rule.Name] = first = [];
        Keep(first, vmEvent);
        bool isReported = guest.Decider.Reports(rule, request.IsSynchronous, now, out _, out _);
        VmEventResponse? answer = rule.AnswerTo(request);
        return new RuleVerdict(vmEvent, rule.Rule, answer is null ? null : rule.Compute(answer, request), isReported);
    }

    /// <summary>The time since the first event in Stopwatch ticks.</summary>
    private long TicksOf(DateTimeOffset time) => (long)((time - (_start ??= time)).TotalSeconds * Stopwatch.Frequency);

    private static void Keep(List<VmEvent> first, VmEvent vmEvent)
    {
        if (first.Count < FirstEvents) first.Add(vmEvent);
    }

    private GuestOnTrial? GuestOf(VmEvent vmEvent)
    {
        (uint, string) key = (vmEvent.DomainId, vmEvent.Domain);
        if (_guests.TryGetValue(key, out GuestOnTrial? guest)) return guest;
        return _guests[key] = _policy.AppliesTo(vmEvent.DomainId, vmEvent.Domain) ? new GuestOnTrial(new RuleDecider(
            _policy.RulesFor(vmEvent.Domain) with { Enforces = true }, vmEvent.Architecture, TicksOf(vmEvent.Time), TicksOf(vmEvent.Time))) : null;
    }

    private sealed record GuestOnTrial(RuleDecider Decider);
}

/// <summary>What one rule did with past events.</summary>
public sealed class RuleTrial
{
    internal RuleTrial(EventRule rule, IReadOnlyCollection<RuleCounts> counts, IReadOnlyList<VmEvent> first)
    {
        Rule = rule.Name;
        Severity = rule.Severity;
        Answer = rule.AnswerText;
        Fitted = counts.Sum(one => one.Fitted);
        Answered = counts.Sum(one => one.Answered);
        Unsuitable = counts.Sum(one => one.Unsuitable);
        Reported = counts.Sum(one => one.Reported);
        Shed = counts.Sum(one => one.Shed);
        First = first;
    }

    /// <summary>The row of the events that no rule fitted.</summary>
    internal RuleTrial(long unmatched, IReadOnlyList<VmEvent> first)
    {
        Fitted = unmatched;
        First = first;
    }

    /// <summary>Its name; null in the row of the events that no rule fitted.</summary>
    public string? Rule { get; }

    /// <summary>How serious its events are; null without a rule.</summary>
    public RuleSeverity? Severity { get; }

    /// <summary>What it answers, in a few words; null: nothing.</summary>
    public string? Answer { get; }

    /// <summary>The number of events that it fitted.</summary>
    public long Fitted { get; }

    /// <summary>The number of events that it would have answered.</summary>
    public long Answered { get; }

    /// <summary>The number of events for which its answer makes no sense.</summary>
    public long Unsuitable { get; }

    /// <summary>The number of events that would have been shown.</summary>
    public long Reported { get; }

    /// <summary>The number of events that a limit would have kept from being shown.</summary>
    public long Shed { get; }

    /// <summary>The first events that it fitted.</summary>
    public IReadOnlyList<VmEvent> First { get; }
}

/// <summary>What a policy would have done with one event.</summary>
public sealed class RuleVerdict
{
    internal RuleVerdict(VmEvent vmEvent, EventRule rule, VmEventResponse? answer, bool isReported)
    {
        Event = vmEvent;
        Rule = rule.Name;
        Severity = rule.Severity;
        Answer = answer;
        IsReported = isReported;
    }

    /// <summary>No rule fits an event.</summary>
    public RuleVerdict(VmEvent vmEvent) => Event = vmEvent;

    /// <summary>The event.</summary>
    public VmEvent Event { get; }

    /// <summary>The name of the rule that fits it; null: none does.</summary>
    public string? Rule { get; }

    /// <summary>How serious it is; null without a rule.</summary>
    public RuleSeverity? Severity { get; }

    /// <summary>The rule's answer; null: none.</summary>
    public VmEventResponse? Answer { get; }

    /// <summary>Whether the event would have been shown.</summary>
    public bool IsReported { get; }
}
