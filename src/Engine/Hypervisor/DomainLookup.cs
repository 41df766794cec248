using System.Diagnostics;
using System.Globalization;

namespace XenVmEvent.Hypervisor;

/// <summary>Finds domains by what people call them.</summary>
public static class DomainLookup
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(50);

    /// <summary>The domain with this id, uuid or name; a name in other case where just one domain can be meant.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.DomainNotFound"/>.</exception>
    public static XenDomain FindDomain(this IHypervisor hypervisor, string idNameOrUuid)
    {
        ArgumentNullException.ThrowIfNull(hypervisor);
        IReadOnlyList<XenDomain> domains = hypervisor.GetDomains();
        XenDomain? called = domains.FirstOrDefault(d => d.IsCalled(idNameOrUuid));
        if (called is not null) return called;
        XenDomain[] alike = [.. domains.Where(d => d.Name.Equals(idNameOrUuid, StringComparison.OrdinalIgnoreCase))];
        return alike.Length == 1 ? alike[0] : throw NotFound(idNameOrUuid, domains);
    }

    /// <summary>Whether this is the domain's id, uuid or name. Names are case sensitive, as in Xen.</summary>
    public static bool IsCalled(this XenDomain domain, string idNameOrUuid)
    {
        ArgumentNullException.ThrowIfNull(domain);
        return domain.Name == idNameOrUuid
            || (uint.TryParse(idNameOrUuid, NumberStyles.None, CultureInfo.InvariantCulture, out uint id) && domain.Id == id)
            || (Guid.TryParse(idNameOrUuid, out Guid uuid) && domain.Uuid == uuid);
    }

    /// <summary>Waits for the domain that has the uuid of one that ended, as after a reboot.</summary>
    /// <returns>Null when none came in time.</returns>
    public static XenDomain? AwaitSuccessor(this IHypervisor hypervisor, XenDomain domain, TimeSpan timeout, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(hypervisor);
        ArgumentNullException.ThrowIfNull(domain);
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            XenDomain? next = hypervisor.GetDomains().FirstOrDefault(d => d.Uuid == domain.Uuid && d.Id != domain.Id);
            if (next is not null || Stopwatch.GetElapsedTime(start) >= timeout || cancellation.WaitHandle.WaitOne(LookPeriod)) return next;
        }
    }

    /// <summary>The error for a domain that is not there; names those that are.</summary>
    public static XenException NotFound(string idNameOrUuid, IReadOnlyList<XenDomain> domains)
    {
        ArgumentNullException.ThrowIfNull(domains);
        return new XenException(
            XenErrorId.DomainNotFound,
            $"There is no domain '{idNameOrUuid}'.",
            $"The domains here are {string.Join(", ", domains)}.");
    }
}
