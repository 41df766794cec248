namespace XenVmEvent.Hypervisor;

/// <summary>A domain, as Xen and, for its name, xenstore know it. Two are equal if they have the same values.</summary>
/// <param name="id">The domain id, 0 for dom0.</param>
/// <param name="name">
/// The name, which the toolstack keeps unique and others may not. "Domain-" and the id if it has none.
/// </param>
/// <param name="uuid">The uuid; all zero for dom0 and for domains that Xen itself has made.</param>
/// <param name="type">How it is virtualised.</param>
/// <param name="vCpus">How many vCPUs it has, online or not, 1 or more.</param>
public sealed class XenDomain(uint id, string name, Guid uuid, DomainType type, int vCpus) : IEquatable<XenDomain>
{
    /// <summary>The domain id, 0 for dom0.</summary>
    public uint Id { get; } = id;

    /// <summary>The name, which the toolstack keeps unique and others may not.</summary>
    public string Name { get; } = name;

    /// <summary>The uuid; all zero for dom0 and for domains that Xen itself has made.</summary>
    public Guid Uuid { get; } = uuid;

    /// <summary>How it is virtualised.</summary>
    public DomainType Type { get; } = type;

    /// <summary>How many vCPUs it has, online or not, 1 or more.</summary>
    public int VCpus { get; } = vCpus;

    /// <summary>
    /// Its state when it was listed; null if nobody asked or Xen did not tell. It does not affect equality.
    /// </summary>
    public DomainState? State { get; private init; }

    /// <inheritdoc/>
    public bool Equals(XenDomain? other) =>
        other is not null && (Id, Name, Uuid, Type, VCpus) == (other.Id, other.Name, other.Uuid, other.Type, other.VCpus);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as XenDomain);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Id, Name, Uuid);

    /// <summary>Whether they have the same values.</summary>
    public static bool operator ==(XenDomain? one, XenDomain? other) => one is null ? other is null : one.Equals(other);

    /// <summary>Whether they have different values.</summary>
    public static bool operator !=(XenDomain? one, XenDomain? other) => !(one == other);

    /// <summary>The name and id, for messages.</summary>
    public override string ToString() => $"{Name} (id {Id})";

    /// <summary>The same domain with its state.</summary>
    public XenDomain WithState(DomainState? state) => new(Id, Name, Uuid, Type, VCpus) { State = state };

    /// <summary>The same domain by another name.</summary>
    internal XenDomain WithName(string name) => new(Id, name, Uuid, Type, VCpus) { State = State };

    /// <summary>The same domain with the number of vCPUs that Xen reports.</summary>
    internal XenDomain WithVCpus(int vCpus) => new(Id, Name, Uuid, Type, vCpus) { State = State };
}

/// <summary>How a domain is virtualised.</summary>
public enum DomainType
{
    /// <summary>Unknown: the toolstack left no note of it.</summary>
    Unknown,

    /// <summary>Paravirtualised; cannot be monitored.</summary>
    PV,

    /// <summary>Hardware virtualised, with a device model.</summary>
    Hvm,

    /// <summary>Hardware virtualised, without a device model.</summary>
    Pvh,
}
