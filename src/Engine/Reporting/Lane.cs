using XenVmEvent.Abi;

namespace XenVmEvent.Reporting;

/// <summary>The events of one vCPU, by kind and time.</summary>
/// <param name="domain">The domain's name; null: all vCPUs that have no lane of their own.</param>
/// <param name="vcpu">The vCPU's id.</param>
internal sealed class Lane(string? domain, uint vcpu)
{
    private readonly SortedDictionary<VmEventKind, long[]> _byKind = [];

    public string? Domain => domain;

    public uint VCpu => vcpu;

    /// <summary>Of the kinds that came.</summary>
    public IReadOnlyDictionary<VmEventKind, long[]> ByKind => _byKind;

    public void Add(VmEventKind kind, int slot)
    {
        if (!_byKind.TryGetValue(kind, out long[]? bins)) _byKind[kind] = bins = new long[Timeline.Most];
        bins[slot]++;
    }
}
