using System.Diagnostics;
using System.Globalization;
using System.IO.Enumeration;

namespace XenVmEvent.Hypervisor;

/// <summary>Finds domains by what people call them.</summary>
public static class DomainLookup
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(50);

    /// <summary>The domain with this id, uuid or name. A name may differ in case if only one domain matches.</summary>
    /// <remarks>
    /// A number is an id, as in xl, even if a domain has it as its name. Names are case sensitive, as in Xen.
    /// </remarks>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.DomainNotFound"/>, <see cref="XenErrorId.AmbiguousDomain"/>.
    /// </exception>
    public static XenDomain FindDomain(this IHypervisor hypervisor, string idNameOrUuid)
    {
        ArgumentNullException.ThrowIfNull(hypervisor);
        ArgumentNullException.ThrowIfNull(idNameOrUuid);
        IReadOnlyList<XenDomain> domains = hypervisor.GetDomains();
        if (uint.TryParse(idNameOrUuid, NumberStyles.None, CultureInfo.InvariantCulture, out uint id))
            return domains.FirstOrDefault(d => d.Id == id) ?? throw NotFound(idNameOrUuid, domains);
        Guid? uuid = Guid.TryParse(idNameOrUuid, out Guid parsed) && parsed != Guid.Empty ? parsed : null;
        return Single(domains.Where(d => d.Name == idNameOrUuid || d.Uuid == uuid))
            ?? Single(domains.Where(d => d.Name.Equals(idNameOrUuid, StringComparison.OrdinalIgnoreCase)))
            ?? throw NotFound(idNameOrUuid, domains);

        XenDomain? Single(IEnumerable<XenDomain> candidates)
        {
            XenDomain[] meant = [.. candidates];
            return meant.Length <= 1 ? meant.FirstOrDefault() : throw Ambiguous(idNameOrUuid, meant);
        }
    }

    /// <summary>
    /// Which guests a text means, also of those that do not exist yet: a name, in which <c>*</c> and <c>?</c> stand for
    /// other characters, or a uuid. An id means the guest that has it now, and what it becomes when it reboots.
    /// </summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.DomainNotFound"/>: no domain has this id. <see cref="XenErrorId.DomainNotSupported"/>: it is
    /// dom0.
    /// </exception>
    public static Predicate<XenDomain> MeantBy(this IHypervisor hypervisor, string idNameOrUuid)
    {
        ArgumentNullException.ThrowIfNull(hypervisor);
        ArgumentException.ThrowIfNullOrEmpty(idNameOrUuid);
        if (uint.TryParse(idNameOrUuid, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            XenDomain domain = hypervisor.FindDomain(idNameOrUuid);
            return domain.Id != 0 ? d => d.Uuid == domain.Uuid : throw new XenException(
                XenErrorId.DomainNotSupported, $"{domain} is dom0, and a domain cannot monitor itself.", "Choose guests.", task: RemedyTask.ListDomains);
        }

        Guid? uuid = Guid.TryParse(idNameOrUuid, out Guid parsed) && parsed != Guid.Empty ? parsed : null;
        return d => d.Uuid == uuid || FileSystemName.MatchesSimpleExpression(idNameOrUuid, d.Name, ignoreCase: false);
    }

    /// <summary>The domain that has this id, if it is still the same domain.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.DomainNotFound"/>.</exception>
    public static XenDomain FindDomain(this IHypervisor hypervisor, uint id, Guid uuid)
    {
        ArgumentNullException.ThrowIfNull(hypervisor);
        IReadOnlyList<XenDomain> domains = hypervisor.GetDomains();
        return domains.FirstOrDefault(d => d.Id == id && d.Uuid == uuid)
            ?? throw NotFound(string.Create(CultureInfo.InvariantCulture, $"{id}, uuid {uuid}"), domains);
    }

    /// <summary>Waits for a new domain with the uuid of one that ended, as after a reboot.</summary>
    /// <returns>Null when none came in time.</returns>
    public static XenDomain? AwaitSuccessor(this IHypervisor hypervisor, XenDomain domain, TimeSpan timeout, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(hypervisor);
        ArgumentNullException.ThrowIfNull(domain);
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            XenDomain? next = hypervisor.GetDomains().FirstOrDefault(d => d.Uuid == domain.Uuid && d.Uuid != Guid.Empty && d.Id != domain.Id);
            if (next is not null || Stopwatch.GetElapsedTime(start) >= timeout || cancellation.WaitHandle.WaitOne(LookPeriod)) return next;
        }
    }

    /// <summary>The error for a domain that does not exist; it names the existing ones.</summary>
    public static XenException NotFound(string idNameOrUuid, IReadOnlyList<XenDomain> domains)
    {
        ArgumentNullException.ThrowIfNull(domains);
        return new XenException(
            XenErrorId.DomainNotFound,
            $"There is no domain '{idNameOrUuid}'.",
            $"The domains here are {string.Join(", ", domains)}.");
    }

    private static XenException Ambiguous(string name, XenDomain[] meant) => new(
        XenErrorId.AmbiguousDomain,
        $"'{name}' can mean {meant.Length} domains: {string.Join(", ", meant.Select(d => $"{d}, uuid {d.Uuid}"))}.",
        "Give the id or the uuid.");
}
