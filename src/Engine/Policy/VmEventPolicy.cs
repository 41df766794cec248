using System.Globalization;
using System.IO.Enumeration;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Policy;

/// <summary>
/// A policy: rules for the guests of some names. Made by <see cref="PolicyReader"/> from a file that has no problems.
/// </summary>
public sealed class VmEventPolicy
{
    private readonly IReadOnlyList<(string Pattern, EventRules Rules)> _rulesBySymbols;

    internal VmEventPolicy(
        string name, PolicyMode mode, IReadOnlyList<string> domains, PolicyLimits limits, IReadOnlyList<(string Pattern, EventRules Rules)> rulesBySymbols)
    {
        Name = name;
        Mode = mode;
        Domains = domains;
        Limits = limits;
        _rulesBySymbols = rulesBySymbols;
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Whether its rules answer.</summary>
    public PolicyMode Mode { get; }

    /// <summary>The names, with or without wildcards, ids or uuids of the guests that it is for.</summary>
    public IReadOnlyList<string> Domains { get; }

    /// <summary>Its limits.</summary>
    public PolicyLimits Limits { get; }

    /// <summary>What happens to rules that a host cannot keep.</summary>
    public UnsupportedRules Unsupported { get; internal init; }

    /// <summary>The rules, in order.</summary>
    public IReadOnlyList<EventRule> Rules => _rulesBySymbols[0].Rules.Rules;

    /// <summary>Whether the policy is for a guest.</summary>
    public bool AppliesTo(XenDomain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        return AppliesTo(domain.Id, domain.Name, domain.Uuid);
    }

    /// <summary>Whether the policy is for a guest. Dom0 is none.</summary>
    internal bool AppliesTo(uint id, string name, Guid uuid = default) => id != 0 && Domains.Any(pattern =>
        FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false)
        || pattern == id.ToString(CultureInfo.InvariantCulture)
        || (uuid != default && pattern.Equals(uuid.ToString(), StringComparison.OrdinalIgnoreCase)));

    /// <summary>The rules for a guest, with the symbols of its kernel.</summary>
    /// <param name="domain">The guest's name.</param>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.InvalidPolicy"/>: the policy has symbols, but none for this guest.
    /// </exception>
    public EventRules RulesFor(string domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        foreach ((string pattern, EventRules rules) in _rulesBySymbols)
        {
            if (FileSystemName.MatchesSimpleExpression(pattern, domain, ignoreCase: false)) return rules;
        }

        throw new XenException(
            XenErrorId.InvalidPolicy, $"The policy {Name} names no symbols for {domain}.", "Add a pattern for the guest to the policy's 'symbols'.");
    }

    /// <summary>The rules that a host can keep for a guest. It only asks and changes nothing.</summary>
    /// <param name="host">The host.</param>
    /// <param name="domain">The guest.</param>
    /// <param name="warn">Told which rule is left out and why, if the policy allows that.</param>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.NotSupported"/>: the host cannot keep some rules. The message names each, and why.
    /// <see cref="XenErrorId.InvalidPolicy"/>: see <see cref="RulesFor(string)"/>.
    /// </exception>
    public EventRules RulesFor(IHypervisor host, XenDomain domain, Action<string> warn)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(domain);
        ArgumentNullException.ThrowIfNull(warn);
        EventRules rules = RulesFor(domain.Name);
        List<(EventRule Rule, XenException Why)> impossible = [];
        foreach (EventRule rule in rules.Rules)
        {
            if (MonitorSession.FindObjection(host, domain, rule) is { } why) impossible.Add((rule, why));
        }

        if (impossible.Count == 0) return rules;
        string reasons = string.Join(' ', impossible.Select(one => $"{one.Rule.Name}: {one.Why.Message}"));
        if (Unsupported == UnsupportedRules.Refuse || impossible.Count == rules.Rules.Count)
        {
            throw new XenException(
                XenErrorId.NotSupported,
                $"The policy {Name} has rules that cannot be kept for {domain}. {reasons}",
                "Change these rules, or write 'unsupported: skip' into the policy to go without them.");
        }

        warn($"{domain}: {Name} goes without rules that cannot be kept. {reasons}");
        return rules with { Rules = [.. rules.Rules.Except(impossible.Select(one => one.Rule))] };
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>Whether the rules of a policy answer.</summary>
public enum PolicyMode
{
    /// <summary>Rules decide and events show it, but events are answered as if nobody had decided.</summary>
    Monitor,

    /// <summary>Rules answer.</summary>
    Enforce,
}

/// <summary>What happens to the rules of a policy that a host cannot keep for a guest.</summary>
public enum UnsupportedRules
{
    /// <summary>The whole policy is refused.</summary>
    Refuse,

    /// <summary>They are left out, with a warning.</summary>
    Skip,
}

/// <summary>The limits of a policy.</summary>
/// <param name="EventsPerSecond">The number of events shown in a second at most, for each guest; null: no limit.</param>
/// <param name="HoldTime">How long a vCPU may wait for an answer or for room; null: as the session has it.</param>
/// <param name="Excess">What happens to a guest that raises more events.</param>
public sealed record PolicyLimits(int? EventsPerSecond = null, TimeSpan? HoldTime = null, ExcessAction Excess = ExcessAction.Shed);
