using XenVmEvent.Hypervisor;

namespace XenVmEvent.PS;

/// <summary>A cmdlet that does something with each of the domains it is given.</summary>
public abstract class DomainCmdlet : XenCmdlet
{
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
                foreach (XenDomain domain in selector.Resolve(XenHost.Current))
                {
                    if (!selector.IsWildcard || isMeantByWildcard(domain)) Report(domain, () => action(domain));
                }
            });
        }

        WarnOfGuards();
    }

    private protected static bool IsAny(XenDomain domain) => true;

    internal static bool IsGuest(XenDomain domain) => domain.Type is not DomainType.PV && domain.Id != 0;

    private protected static bool IsMonitored(XenDomain domain) => XenHost.FindSession(domain) is not null;
}
