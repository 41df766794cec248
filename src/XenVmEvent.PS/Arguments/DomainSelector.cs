using System.Globalization;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.PS;

/// <summary>
/// The argument of a -Domain parameter: an id, a name with or without wildcards, a uuid, or a domain.
/// </summary>
public sealed class DomainSelector
{
    private readonly XenDomain? _domain;
    private readonly bool _namesNone;

    private DomainSelector(object? namesNone)
    {
        Text = namesNone?.ToString() ?? "";
        _namesNone = true;
    }

    /// <summary>A known domain.</summary>
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

    /// <summary>The given text.</summary>
    public string Text { get; }

    /// <inheritdoc/>
    public override string ToString() => _domain?.Name ?? Text;

    /// <summary>An argument that names no domain: an error when it is looked up, not when it is bound.</summary>
    internal static DomainSelector OfNone(object? given) => new(namesNone: given);

    /// <summary>The domains that it means.</summary>
    /// <param name="host">The host.</param>
    /// <param name="byWildcard">
    /// They were not named individually but match a pattern, which may match none. An existing name takes precedence
    /// over a pattern.
    /// </param>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.DomainNotFound"/>, <see cref="XenErrorId.AmbiguousDomain"/>.
    /// </exception>
    internal IReadOnlyList<XenDomain> Resolve(IHypervisor host, out bool byWildcard)
    {
        byWildcard = false;
        if (_namesNone) throw NamesNone();

        // A domain object always names the same domain, even if another has its id or name by now.
        if (_domain is { } was)
            return [host.GetDomains().FirstOrDefault(d => d.Id == was.Id && d.Uuid == was.Uuid) ?? throw DomainLookup.NotFound($"{was}", host.GetDomains())];
        byWildcard = NamePattern.IsPattern(Text)
            && !host.GetDomains().Any(d => d.Name.Equals(Text, StringComparison.OrdinalIgnoreCase));
        return byWildcard ? MatchAll(host) : [host.FindDomain(Text)];
    }

    /// <summary>
    /// Says which guests it means, also of those that do not exist yet: by name, with or without wildcards, or uuid. An
    /// id or a domain means what that domain becomes when it reboots too.
    /// </summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.DomainNotFound"/>; <see cref="XenErrorId.DomainNotSupported"/>: it is dom0.
    /// </exception>
    internal Predicate<XenDomain> MeantBy(IHypervisor host)
    {
        if (_namesNone) throw NamesNone();
        if (_domain is { } was) return was.Id == 0 ? host.MeantBy("0") : domain => domain.Uuid == was.Uuid;
        if (uint.TryParse(Text, NumberStyles.None, CultureInfo.InvariantCulture, out _)) return host.MeantBy(Text);
        Guid? uuid = Guid.TryParse(Text, out Guid parsed) && parsed != Guid.Empty ? parsed : null;
        Predicate<string> isNamed = NamePattern.Matching(Text);
        return domain => domain.Uuid == uuid || isNamed(domain.Name);
    }

    /// <summary>The error for a pattern that matches nothing.</summary>
    internal XenException MatchesNone(IHypervisor host) => DomainLookup.NotFound(Text, host.GetDomains());

    private XenDomain[] MatchAll(IHypervisor host)
    {
        Predicate<string> isNamed = NamePattern.Matching(Text);
        return [.. host.GetDomains().Where(d => isNamed(d.Name))];
    }

    private XenException NamesNone() => new(
        XenErrorId.DomainNotFound, $"'{Text}' does not name a domain.", "Give an id, a name, a uuid or what Get-XenDomain returns.");
}
