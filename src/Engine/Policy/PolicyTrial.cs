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
                rule.Name,
                rule.Severity,
                rule.AnswerText,
                counts.Where(one => one.Rule == rule.Name).Sum(one => one.Fitted),
                counts.Where(one => one.Rule == rule.Name).Sum(one => one.Answered),
                counts.Where(one => one.Rule == rule.Name).Sum(one => one.Unsuitable),
                counts.Where(one => one.Rule == rule.Name).Sum(one => one.Reported),
                counts.Where(one => one.Rule == rule.Name).Sum(one => one.Shed),
                _first.TryGetValue(rule.Name, out List<VmEvent>? first) ? first : []))];
        }
    }

    /// <summary>The same, and at the end a row without a rule, for the events that no rule fitted.</summary>
    public IReadOnlyList<RuleTrial> Results =>
        [.. Rules, new RuleTrial(null, null, null, _unmatched.Values.Sum(), Answered: 0, Unsuitable: 0, Reported: 0, Shed: 0, _firstUnmatched)];

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
        if (guest.Decider.Find(request, now) is not { } rule)
        {
            _unmatched[vmEvent.Kind] = _unmatched.GetValueOrDefault(vmEvent.Kind) + 1;
            Keep(_firstUnmatched, vmEvent);
            return null;
        }

        if (!_first.TryGetValue(rule.Rule.Name, out List<VmEvent>? first)) _first[rule.Rule.Name] = first = [];
        Keep(first, vmEvent);
        bool isReported = guest.Decider.Reports(rule, now, out _);
        VmEventResponse? answer = rule.AnswerTo(request);
        return new RuleVerdict(vmEvent, rule.Rule.Name, rule.Rule.Severity, answer is null ? null : rule.Compute(answer, request), isReported);
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
            _policy.RulesFor(vmEvent.Domain) with { Enforces = true }, vmEvent.Architecture, TicksOf(vmEvent.Time))) : null;
    }

    private sealed record GuestOnTrial(RuleDecider Decider);
}

/// <summary>What one rule did with past events.</summary>
/// <param name="Rule">Its name; null in the row of the events that no rule fitted.</param>
/// <param name="Severity">How serious its events are; null without a rule.</param>
/// <param name="Answer">What it answers, in a few words; null: nothing.</param>
/// <param name="Fitted">The number of events that it fitted.</param>
/// <param name="Answered">The number of events that it would have answered.</param>
/// <param name="Unsuitable">The number of events for which its answer makes no sense.</param>
/// <param name="Reported">The number of events that would have been shown.</param>
/// <param name="Shed">The number of events that a limit would have kept from being shown.</param>
/// <param name="First">The first events that it fitted.</param>
public sealed record RuleTrial(
    string? Rule, RuleSeverity? Severity, string? Answer, long Fitted, long Answered, long Unsuitable, long Reported, long Shed, IReadOnlyList<VmEvent> First);

/// <summary>What a policy would have done with one event.</summary>
/// <param name="Event">The event.</param>
/// <param name="Rule">The name of the rule that fits it; null: none does.</param>
/// <param name="Severity">How serious it is; null without a rule.</param>
/// <param name="Answer">The rule's answer; null: none.</param>
/// <param name="IsReported">Whether the event would have been shown.</param>
public sealed record RuleVerdict(VmEvent Event, string? Rule, RuleSeverity? Severity, VmEventResponse? Answer, bool IsReported)
{
    /// <summary>No rule fits an event.</summary>
    public static RuleVerdict None(VmEvent vmEvent) => new(vmEvent, Rule: null, Severity: null, Answer: null, IsReported: false);
}
