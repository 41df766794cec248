using System.Globalization;
using System.Management.Automation;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.PS;

/// <summary>What a -Domain parameter was given: an id, a name with or without wildcards, a uuid, or a domain.</summary>
public sealed class DomainSelector
{
    private readonly XenDomain? _domain;

    /// <summary>A domain that is known already.</summary>
    public DomainSelector(XenDomain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        _domain = domain;
        Text = domain.Id.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>An id, a name or a uuid.</summary>
    public DomainSelector(string text)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(text);
        Text = text;
    }

    /// <summary>The words given.</summary>
    public string Text { get; }

    /// <summary>Whether it may mean several domains, or none.</summary>
    internal bool IsWildcard => _domain is null && WildcardPattern.ContainsWildcardCharacters(Text);

    /// <inheritdoc/>
    public override string ToString() => _domain?.Name ?? Text;

    /// <summary>The domains meant, one at least unless by wildcard.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.DomainNotFound"/>.</exception>
    internal IReadOnlyList<XenDomain> Resolve(IHypervisor host)
    {
        if (IsWildcard) return MatchAll(host);

        // A domain object names the domain it was, even when another has its id or name by now.
        XenDomain found = host.FindDomain(Text);
        return _domain is null || found.Uuid == _domain.Uuid ? [found] : throw DomainLookup.NotFound(_domain.ToString(), host.GetDomains());
    }

    private XenDomain[] MatchAll(IHypervisor host)
    {
        try
        {
            WildcardPattern pattern = WildcardPattern.Get(Text, WildcardOptions.IgnoreCase);
            return [.. host.GetDomains().Where(d => pattern.IsMatch(d.Name))];
        }
        catch (WildcardPatternException)
        {
            throw DomainLookup.NotFound(Text, host.GetDomains());
        }
    }
}
