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
    private readonly FilteredWatch _bootWatch;
    private readonly List<RuleAtWork> _waiting;
    private bool _isBootWatched;

    /// <param name="rules">The rules.</param>
    /// <param name="architecture">The guest's processor.</param>
    /// <param name="start">When the session began, in Stopwatch ticks.</param>
    /// <param name="now">The current time in Stopwatch ticks. Rules whose time has come begin at once.</param>
    /// <param name="hasBooted">Whether the guest is known to have booted.</param>
    public RuleDecider(EventRules rules, GuestArchitecture architecture, long start, long now, bool hasBooted = false)
    {
        Rules = rules;
        HasBooted = hasBooted;
        _limit = new RateLimit(rules.MostPerSecond);
        _bootWatch = new FilteredWatch(BootWatch, new EventFilter(BootWatch, architecture));
        _rules = [.. rules.Rules.Select(rule => new RuleAtWork(rule, rules, architecture, start))];
        _byKind = [.. Enum.GetValues<VmEventKind>().Select(kind => _rules.Where(rule => rule.Rule.Watch.Kinds.Contains(kind)).ToArray())];
        _waiting = [.. _rules];
        foreach (RuleAtWork rule in _rules)
        {
            if (!rule.HasToBeLocated && rule.IsDue(now, HasBooted)) Begin(rule);
        }

        _isBootWatched = AwaitsBoot;
    }

    /// <summary>What is watched while rules wait for the end of the guest's boot.</summary>
    public static EventWatch BootWatch { get; } = new() { Kinds = [VmEventKind.Cpuid] };

    /// <summary>The rules.</summary>
    public EventRules Rules { get; }

    /// <summary>Whether one of the guest's programs was seen.</summary>
    public bool HasBooted { get; private set; }

    /// <summary>What is switched on for the rules that have begun, each with its filter.</summary>
    public IEnumerable<FilteredWatch> Watches
    {
        get
        {
            IEnumerable<FilteredWatch> begun = _rules.Where(rule => rule.HasBegun).Select(rule => rule.Watched);
            return _isBootWatched ? begun.Append(_bootWatch) : begun;
        }
    }

    /// <summary>What each rule has done so far. From any thread.</summary>
    public IReadOnlyList<RuleCounts> Counts => [.. _rules.Select(rule => rule.Counts)];

    /// <summary>When the next rule begins, in Stopwatch ticks; null: none waits for a time.</summary>
    public long? NextBeginning
    {
        get
        {
            if (IsClosed) return null;
            long? next = null;
            foreach (RuleAtWork rule in _waiting)
            {
                if (!rule.Rule.AfterBoot || HasBooted) next = Math.Min(next ?? long.MaxValue, rule.Begins);
            }

            return next;
        }
    }

    /// <summary>Takes a rule whose time to begin has come; null: there is none.</summary>
    public RuleAtWork? TakeDue(long now)
    {
        if (_waiting.Count == 0 || IsClosed) return null;
        int due = _waiting.FindIndex(rule => rule.IsDue(now, HasBooted));
        if (due < 0) return null;
        RuleAtWork taken = _waiting[due];
        _waiting.RemoveAt(due);
        return taken;
    }

    /// <summary>A rule that was due cannot begin yet, because the guest has not started its kernel. It is due again later.</summary>
    public void Postpone(RuleAtWork rule, long until)
    {
        rule.Begins = until;
        _waiting.Add(rule);
    }

    /// <summary>Whether a rule that was due was postponed.</summary>
    public bool IsPostponed(RuleAtWork rule) => _waiting.Contains(rule);

    /// <summary>Whether the watch for the end of the guest's boot is no longer needed, from now on.</summary>
    /// <param name="watch">The watch, for the caller to turn off.</param>
    public bool TryEndBootWatch(out FilteredWatch watch)
    {
        watch = _bootWatch;
        if (!_isBootWatched || AwaitsBoot) return false;
        _isBootWatched = false;
        return true;
    }

    /// <summary>Whether no rule begins any more.</summary>
    public bool IsClosed { get; private set; }

    /// <inheritdoc cref="IsClosed"/>
    public void Close() => IsClosed = true;

    /// <summary>The first rule that fits a request; null if none does.</summary>
    public RuleAtWork? Find(in RequestReader request)
    {
        if (!HasBooted && request.IsFromProgram) HasBooted = true;
        foreach (RuleAtWork rule in _byKind[(int)request.Kind])
        {
            if (rule.Fits(request)) return rule;
        }

        return null;
    }

    /// <summary>Whether to show an event of a rule.</summary>
    /// <param name="rule">The rule that fitted it.</param>
    /// <param name="isSynchronous">Whether its vCPU waits for the answer.</param>
    /// <param name="now">The current time in Stopwatch ticks.</param>
    /// <param name="isShed">Whether only a limit speaks against it, so that the event counts as lost.</param>
    /// <param name="turn">The time in Stopwatch ticks until which the vCPU has to wait; not after now: it does not.</param>
    public bool Reports(RuleAtWork rule, bool isSynchronous, long now, out bool isShed, out long turn)
    {
        isShed = false;
        turn = now;
        if (!rule.IsSampled()) return false;
        isShed = !rule.Limit.Allows(now);
        if (!isShed && isSynchronous && Rules.Excess == ExcessAction.Slow) turn = _limit.NextTurn(now);
        else if (!isShed) isShed = !_limit.Allows(now);
        rule.CountReport(isShed, isSlowed: turn > now);
        return !isShed;
    }

    private bool AwaitsBoot => !HasBooted && _waiting.Exists(rule => rule.Rule.AfterBoot);

    private void Begin(RuleAtWork rule)
    {
        _waiting.Remove(rule);
        rule.Begin();
    }
}

/// <summary>One rule of a session: its filter, its answer, and what it has done.</summary>
internal sealed class RuleAtWork
{
    private readonly GuestArchitecture _architecture;
    private readonly VmEventResponse? _answer;
    private readonly int _every;
    private long _fitted;
    private long _answered;
    private long _unsuitable;
    private long _reported;
    private long _shed;
    private long _slowed;
    private int _untilSample;
    private volatile bool _hasBegun;

    public RuleAtWork(EventRule rule, EventRules rules, GuestArchitecture architecture, long start)
    {
        Rule = rule;
        Mark = new RuleMark(rules.Name, rule.Name, rule.Severity, rule.Message);
        Watched = new FilteredWatch(rule.Watch, new EventFilter(rule.Watch, architecture, rule.When));
        Limit = new RateLimit(rule.Report.MostPerSecond);
        Begins = start + (long)(rule.After.TotalSeconds * Stopwatch.Frequency);
        _architecture = architecture;
        _answer = rules.Enforces ? rule.Answer : null;
        _every = rule.Report.Every;
    }

    public EventRule Rule { get; }

    /// <summary>What its events say about it.</summary>
    public RuleMark Mark { get; }

    public FilteredWatch Watched { get; }

    public RateLimit Limit { get; }

    /// <summary>When it begins at the earliest, in Stopwatch ticks.</summary>
    public long Begins { get; set; }

    /// <summary>Whether the pages that it is about have to be found in the guest first.</summary>
    public bool HasToBeLocated => Rule.Watch.Pages?.Kernel is not null;

    /// <summary>Whether its time to begin has come.</summary>
    public bool IsDue(long now, bool hasBooted) => now >= Begins && (!Rule.AfterBoot || hasBooted);

    /// <summary>Whether it fits events.</summary>
    public bool HasBegun => _hasBegun;

    /// <summary>Whether it may answer events.</summary>
    public bool Answers => _answer is not null;

    public RuleCounts Counts => new(
        Rule.Name,
        Volatile.Read(ref _fitted),
        Volatile.Read(ref _answered),
        Volatile.Read(ref _unsuitable),
        Volatile.Read(ref _reported),
        Volatile.Read(ref _shed),
        Volatile.Read(ref _slowed),
        HasBegun);

    /// <summary>Makes it fit events, or no longer.</summary>
    public void Begin(bool begins = true) => _hasBegun = begins;

    public bool Fits(in RequestReader request)
    {
        if (!_hasBegun || !Watched.Filter.Wants(request)) return false;
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

    public void CountReport(bool isShed, bool isSlowed)
    {
        if (isShed) Volatile.Write(ref _shed, _shed + 1);
        else Volatile.Write(ref _reported, _reported + 1);
        if (isSlowed) Volatile.Write(ref _slowed, _slowed + 1);
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
