using XenVmEvent.Hypervisor;

namespace XenVmEvent.PS;

/// <summary>A cmdlet that does something with each of the domains it is given.</summary>
public abstract class DomainCmdlet : XenCmdlet
{
    /// <summary>Does it with the domains that a selector means; one that is not there is an error of its own.</summary>
    private protected void ForEachDomain(IEnumerable<DomainSelector> selectors, Action<XenDomain> action)
    {
        foreach (DomainSelector selector in selectors)
        {
            Report(selector.ToString(), () =>
            {
                foreach (XenDomain domain in selector.Resolve(XenHost.Current)) Report(domain, () => action(domain));
            });
        }
    }
}
