namespace XenVmEvent.Hypervisor;

/// <summary>A domain as xenstore knows it.</summary>
/// <param name="Id">The domain id, 0 for dom0.</param>
/// <param name="Name">The name, unique among the running domains.</param>
/// <param name="Uuid">The uuid; all zero for dom0.</param>
/// <param name="Type">How it is virtualised.</param>
/// <param name="VCpus">How many vCPUs it has, 1 or more.</param>
public sealed record XenDomain(uint Id, string Name, Guid Uuid, DomainType Type, int VCpus)
{
    /// <summary>The name and id, for messages.</summary>
    public override string ToString() => $"{Name} (id {Id})";
}
