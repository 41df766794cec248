namespace XenVmEvent.Hypervisor;

/// <summary>A domain as xenstore knows it.</summary>
/// <param name="Id">The domain id, 0 for dom0.</param>
/// <param name="Name">The name, unique among the running domains.</param>
/// <param name="Uuid">The uuid; all zero for dom0.</param>
/// <param name="Type">How it is virtualised.</param>
/// <param name="VCpus">How many vCPUs it has, 1 or more.</param>
public sealed record XenDomain(uint Id, string Name, Guid Uuid, DomainType Type, int VCpus)
{
    /// <summary>How it was when it was listed; null where nobody asked, or Xen did not tell. It is no part of which domain this is.</summary>
    public DomainState? State { get; private init; }

    /// <summary>The same domain, with how it is.</summary>
    public XenDomain WithState(DomainState? state) => this with { State = state };

    /// <summary>The name and id, for messages.</summary>
    public override string ToString() => $"{Name} (id {Id})";

    /// <inheritdoc/>
    public bool Equals(XenDomain? other) =>
        other is not null && (Id, Name, Uuid, Type, VCpus) == (other.Id, other.Name, other.Uuid, other.Type, other.VCpus);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Id, Name, Uuid, Type, VCpus);
}
