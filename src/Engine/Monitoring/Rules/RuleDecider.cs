using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Decides on requests by the rules of one policy: the first rule that fits. It makes no objects. Used by the pump's
/// thread; only its counts are read by others.
/// </summary>
internal sealed class RuleDecider
{
    private readonly RuleAtWork[] _rules;
    private readonly RuleAtWork[][] _byKind;
    private readonly RateLimit _limit;

    /// <param name="rules">The rules.</param>
    /// <param name="architecture">The guest's processor.</param>
    /// <param name="start">When the session began, in Stopwatch ticks.</param>
    public RuleDecider(EventRules rules, GuestArchitecture architecture, long start)
    {
        Rules = rules;
        _limit = new RateLimit(rules.MostPerSecond);
        _rules = [.. rules.Rules.Select(rule => new RuleAtWork(rule, rules, architecture, start))];
        _byKind = [.. Enum.GetValues<VmEventKind>().Select(kind => _rules.Where(rule => rule.Rule.Watch.Kinds.Contains(kind)).ToArray())];
    }

    /// <summary>The rules.</summary>
    public EventRules Rules { get; }

    /// <summary>What the rules watch, each with its filter.</summary>
    public IEnumerable<FilteredWatch> Watches => _rules.Select(rule => rule.Watched);

    /// <summary>What each rule has done so far. From any thread.</summary>
    public IReadOnlyList<RuleCounts> Counts => [.. _rules.Select(rule => rule.Counts)];

    /// <summary>The first rule that fits a request; null if none does.</summary>
    public RuleAtWork? Find(in RequestReader request, long now)
    {
        foreach (RuleAtWork rule in _byKind[(int)request.Kind])
        {
            if (rule.Fits(request, now)) return rule;
        }

        return null;
    }

    /// <summary>Whether to show an event of a rule.</summary>
    /// <param name="rule">The rule that fitted it.</param>
    /// <param name="now">The current time in Stopwatch ticks.</param>
    /// <param name="isShed">Whether only a limit speaks against it, so that the event counts as lost.</param>
    public bool Reports(RuleAtWork rule, long now, out bool isShed)
    {
        isShed = false;
        if (!rule.IsSampled()) return false;
        isShed = !rule.Limit.Allows(now) || !_limit.Allows(now);
        rule.CountReport(isShed);
        return !isShed;
    }
}

/// <summary>One rule of a session: its filter, its answer, and what it has done.</summary>
internal sealed class RuleAtWork
{
    private readonly GuestArchitecture _architecture;
    private readonly long _begins;
    private readonly VmEventResponse? _answer;
    private readonly int _every;
    private long _fitted;
    private long _answered;
    private long _unsuitable;
    private long _reported;
    private long _shed;
    private int _untilSample;

    public RuleAtWork(EventRule rule, EventRules rules, GuestArchitecture architecture, long start)
    {
        Rule = rule;
        Mark = new RuleMark(rules.Name, rule.Name, rule.Severity, rule.Message);
        Limit = new RateLimit(rule.Report.MostPerSecond);
        _architecture = architecture;
        _begins = start + (long)(rule.After.TotalSeconds * Stopwatch.Frequency);
        Watched = new FilteredWatch(rule.Watch, new EventFilter(rule.Watch, architecture, rule.When), _begins);
        _answer = rules.Enforces ? rule.Answer : null;
        _every = rule.Report.Every;
    }

    public EventRule Rule { get; }

    /// <summary>What its events say about it.</summary>
    public RuleMark Mark { get; }

    public FilteredWatch Watched { get; }

    public RateLimit Limit { get; }

    /// <summary>Whether it may answer events.</summary>
    public bool Answers => _answer is not null;

    public RuleCounts Counts => new(
        Rule.Name, Volatile.Read(ref _fitted), Volatile.Read(ref _answered), Volatile.Read(ref _unsuitable), Volatile.Read(ref _reported), Volatile.Read(ref _shed));

    public bool Fits(in RequestReader request, long now)
    {
        if (now < _begins || !Watched.Filter.Wants(request)) return false;
        Volatile.Write(ref _fitted, _fitted + 1);
        return true;
    }

    /// <summary>Whether this event is one of those that the rule wants to show.</summary>
    public bool IsSampled()
    {
        if (_every == 0 || _untilSample-- > 0) return false;
        _untilSample = _every - 1;
        return true;
    }

    public void CountReport(bool isShed)
    {
        if (isShed) Volatile.Write(ref _shed, _shed + 1);
        else Volatile.Write(ref _reported, _reported + 1);
    }

    /// <summary>Its answer to a request; computed registers are in it without their values.</summary>
    /// <returns>Null if it answers nothing, or if its answer makes no sense for this request.</returns>
    public VmEventResponse? AnswerTo(in RequestReader request)
    {
        if (_answer is not { } answer) return null;
        if (!request.IsSynchronous || ResponseRules.FindObjection(answer, request, _architecture) is not null)
        {
            Volatile.Write(ref _unsuitable, _unsuitable + 1);
            return null;
        }

        Volatile.Write(ref _answered, _answered + 1);
        return answer;
    }

    /// <summary>The answer with its computed registers, for somebody to see.</summary>
    public VmEventResponse Compute(VmEventResponse answer, in RequestReader request)
    {
        foreach (ComputedRegister one in Rule.ComputedRegisters) answer = answer.WithRegister(one.Register, one.Value.Evaluate(request));
        return answer;
    }
}
