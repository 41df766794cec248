namespace XenVmEvent.Hypervisor;

/// <summary>A domain, as Xen and, for its name, xenstore know it.</summary>
/// <param name="Id">The domain id, 0 for dom0.</param>
/// <param name="Name">The name; the toolstack keeps it unique, others may not. "Domain-" and the id where it has none.</param>
/// <param name="Uuid">The uuid; all zero for dom0 and what Xen itself has made.</param>
/// <param name="Type">How it is virtualised.</param>
/// <param name="VCpus">How many vCPUs it has, online or not, 1 or more.</param>
public sealed record XenDomain(uint Id, string Name, Guid Uuid, DomainType Type, int VCpus)
{
    /// <summary>The name and id, for messages.</summary>
    public override string ToString() => $"{Name} (id {Id})";
}
