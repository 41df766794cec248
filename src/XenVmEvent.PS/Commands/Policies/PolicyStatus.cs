using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Policy;

namespace XenVmEvent.PS;

/// <summary>A snapshot of one rule that decides on a guest's events, for Get-XenVmEventPolicy.</summary>
public sealed class PolicyStatus
{
    internal PolicyStatus(XenDomain domain, EventRules rules, EventRule rule, RuleCounts counts)
    {
        XenDomain = domain;
        Policy = rules.Name;
        Mode = rules.Enforces ? PolicyMode.Enforce : PolicyMode.Monitor;
        Rule = rule.Name;
        Severity = rule.Severity;
        Answer = rule.AnswerText;
        Events = counts.Fitted;
        Answered = counts.Answered;
        Unsuitable = counts.Unsuitable;
        Reported = counts.Reported;
        Shed = counts.Shed;
        Slowed = counts.Slowed;
        HasBegun = counts.HasBegun;
    }

    /// <summary>The domain's name.</summary>
    public string Domain => XenDomain.Name;

    /// <summary>The domain's id.</summary>
    public uint DomainId => XenDomain.Id;

    /// <summary>The domain.</summary>
    public XenDomain XenDomain { get; }

    /// <summary>The policy's name.</summary>
    public string Policy { get; }

    /// <summary>Whether its rules answer.</summary>
    public PolicyMode Mode { get; }

    /// <summary>The rule's name.</summary>
    public string Rule { get; }

    /// <summary>How serious its events are.</summary>
    public RuleSeverity Severity { get; }

    /// <summary>What it answers; null: nothing.</summary>
    public string? Answer { get; }

    /// <summary>How many events it fitted.</summary>
    public long Events { get; }

    /// <summary>How many events got its answer.</summary>
    public long Answered { get; }

    /// <summary>How many events got the default, because its answer makes no sense for them.</summary>
    public long Unsuitable { get; }

    /// <summary>How many of its events a watch was given.</summary>
    public long Reported { get; }

    /// <summary>How many of its events a limit kept from being shown.</summary>
    public long Shed { get; }

    /// <summary>For how many of its events a limit kept the guest waiting.</summary>
    public long Slowed { get; }

    /// <summary>Whether it fits events already. A rule may wait for a time, or until the guest has booted.</summary>
    public bool HasBegun { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{XenDomain}: {Policy}: {Rule}";

    /// <summary>The rules of all policies of a session, in the order in which they are tried.</summary>
    internal static IEnumerable<PolicyStatus> Of(MonitorSession session) =>
        from policy in session.Policies
        let rules = policy.Rules!
        from one in rules.Rules.Zip(policy.RuleCounts)
        select new PolicyStatus(session.Domain, rules, one.First, one.Second);
}
