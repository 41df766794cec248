using XenVmEvent.Hypervisor;

namespace XenVmEvent.PS;

/// <summary>A cmdlet that does something with each of the domains it is given.</summary>
public abstract class DomainCmdlet : XenCmdlet
{
    /// <summary>Whether a pattern that matches no domain is an answer, and no error: for what only asks.</summary>
    private protected virtual bool MayMatchNone => false;

    /// <summary>Does it with the domains that a selector means; one that is not there is an error of its own.</summary>
    /// <param name="selectors">What the user gave.</param>
    /// <param name="isMeantByWildcard">Of the domains that a wildcard matches, those that it makes sense for.</param>
    /// <param name="action">What to do; what Xen refuses is an error about the domain.</param>
    private protected void ForEachDomain(
        IEnumerable<DomainSelector> selectors, Predicate<XenDomain> isMeantByWildcard, Action<XenDomain> action)
    {
        foreach (DomainSelector selector in selectors)
        {
            Report(selector.ToString(), () =>
            {
                foreach (XenDomain domain in Resolve(selector, MayMatchNone, out bool byWildcard))
                {
                    if (!byWildcard || isMeantByWildcard(domain)) Report(domain, () => action(domain));
                }
            });
        }

        WarnOfGuards();
    }

    /// <summary>The domains that a selector means; a pattern that matches no guest is an error, unless none may be.</summary>
    internal static IReadOnlyList<XenDomain> Resolve(DomainSelector selector, bool mayMatchNone, out bool byWildcard)
    {
        IHypervisor host = XenHost.Current;
        IReadOnlyList<XenDomain> domains = selector.Resolve(host, out byWildcard);
        return !byWildcard || mayMatchNone || domains.Any(d => d.Id != 0) ? domains : throw selector.MatchesNone(host);
    }

    private protected static bool IsAny(XenDomain domain) => true;

    internal static bool IsGuest(XenDomain domain) => domain.Type is not DomainType.PV && domain.Id != 0;

    private protected static bool IsMonitored(XenDomain domain) => XenHost.FindSession(domain) is not null;
}
