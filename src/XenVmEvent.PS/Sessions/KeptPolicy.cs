using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Policy;

namespace XenVmEvent.PS;

/// <summary>Policies that a session keeps without a consumer. Watches of the session see the events that rules decided.</summary>
internal static class KeptPolicy
{
    /// <summary>The rules of a policy for a guest.</summary>
    /// <exception cref="XenException">The policy is not for the guest, or the host cannot keep its rules.</exception>
    public static EventRules RulesFor(VmEventPolicy policy, XenDomain domain) => policy.AppliesTo(domain)
        ? policy.RulesFor(XenHost.Current, domain, XenHost.Warnings.Enqueue)
        : throw new XenException(
            XenErrorId.InvalidArgument,
            $"The policy {policy} is not for {domain}: it is for {string.Join(", ", policy.Domains)}.",
            "Name another guest, or add this one to the policy's 'domains'.");

    /// <summary>Has rules decide until the end of the session. They replace those of a policy with the same name.</summary>
    public static void Keep(MonitorSession session, EventRules rules)
    {
        // Nobody takes the events, and a full buffer would hold the guest.
        rules = rules with { Rules = [.. rules.Rules.Select(rule => rule with { Report = RuleReport.None })] };
        if (Find(session, rules.Name) is { } kept) session.Replace(kept, rules);
        else session.Apply(rules, bufferSize: 1);
    }

    /// <summary>The kept policy with a name; null if there is none.</summary>
    public static EventSubscription? Find(MonitorSession session, string name) =>
        session.Policies.FirstOrDefault(one => one.Rules!.Name == name && IsKept(one));

    /// <summary>Whether a policy is the session's, and not a watch's.</summary>
    public static bool IsKept(EventSubscription policy) => policy.Rules!.Rules.All(rule => rule.Report == RuleReport.None);
}
