using XenVmEvent.Hypervisor;

namespace XenVmEvent.PS;

/// <summary>A cmdlet that does something with each of the domains it is given.</summary>
public abstract class DomainCmdlet : XenCmdlet
{
    /// <summary>Whether a pattern that matches no domain is not an error: for cmdlets that only ask.</summary>
    private protected virtual bool MayMatchNone => false;

    /// <summary>
    /// Runs an action for the domains that a selector means; a domain that does not exist is its own error.
    /// </summary>
    /// <param name="selectors">What the user gave.</param>
    /// <param name="isMeantByWildcard">
    /// Selects, of the domains that a wildcard matches, those for which the cmdlet makes sense.
    /// </param>
    /// <param name="action">The action; if Xen refuses, that is an error about the domain.</param>
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

    /// <summary>
    /// The domains that a selector means; a pattern that matches no guest is an error, unless the cmdlet allows it.
    /// </summary>
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
