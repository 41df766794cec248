using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>An altp2m view of a domain's memory.</summary>
/// <param name="XenDomain">The domain.</param>
/// <param name="View">The index; 0 is the host's own view.</param>
/// <param name="Access">The access that its pages were given when it was made; null for a view that the session did not make.</param>
/// <param name="VCpus">The vCPUs that are in it.</param>
public sealed record MemoryView(XenDomain XenDomain, ushort View, MemAccess? Access, IReadOnlyList<uint> VCpus)
{
    /// <summary>The domain's name.</summary>
    public string Domain => XenDomain.Name;

    /// <summary>The domain's id.</summary>
    public uint DomainId => XenDomain.Id;

    /// <inheritdoc/>
    public override string ToString() => $"view {View} of {XenDomain}";
}
