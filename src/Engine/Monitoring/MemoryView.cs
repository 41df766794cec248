using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>An altp2m view of a domain's memory.</summary>
/// <param name="xenDomain">The domain.</param>
/// <param name="view">The index; 0 is the host's own view.</param>
/// <param name="access">
/// The access that its pages were given when it was made; null for a view that the session did not make.
/// </param>
/// <param name="vCpus">The vCPUs in it.</param>
public sealed class MemoryView(XenDomain xenDomain, ushort view, MemAccess? access, IReadOnlyList<uint> vCpus)
{
    /// <summary>The domain.</summary>
    public XenDomain XenDomain { get; } = xenDomain;

    /// <summary>The index; 0 is the host's own view.</summary>
    public ushort View { get; } = view;

    /// <summary>
    /// The access that its pages were given when it was made; null for a view that the session did not make.
    /// </summary>
    public MemAccess? Access { get; } = access;

    /// <summary>The vCPUs in it.</summary>
    public IReadOnlyList<uint> VCpus { get; } = new TextList<uint>(vCpus);

    /// <summary>The domain's name.</summary>
    public string Domain => XenDomain.Name;

    /// <summary>The domain's id.</summary>
    public uint DomainId => XenDomain.Id;

    /// <inheritdoc/>
    public override string ToString() => $"view {View} of {XenDomain}";
}
