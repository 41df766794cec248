using XenVmEvent.Abi;

namespace XenVmEvent.Reporting;

/// <summary>Counts events by vCPU, kind and time in bounded memory.</summary>
internal sealed class Lanes
{
    /// <summary>The maximum number of vCPUs with separate lanes. With all kinds of event this takes 9 MiB.</summary>
    public const int Most = 256;

    private readonly Dictionary<(string Domain, uint VCpu), Lane> _lanes = [];
    private readonly Lane _others = new(null, 0);

    /// <summary>The lanes by domain and vCPU, with that of all others last.</summary>
    public IEnumerable<Lane> InOrder => _lanes.Values.OrderBy(l => l.Domain, StringComparer.Ordinal).ThenBy(l => l.VCpu)
        .Concat(_others.ByKind.Count > 0 ? [_others] : []);

    /// <summary>The counts, for <see cref="Timeline.Widen"/>.</summary>
    public IEnumerable<long[]> Bins => _lanes.Values.Append(_others).SelectMany(l => l.ByKind.Values);

    public void Add(string domain, uint vcpu, VmEventKind kind, int slot)
    {
        if (!_lanes.TryGetValue((domain, vcpu), out Lane? lane))
        {
            lane = _lanes.Count < Most ? _lanes[(domain, vcpu)] = new Lane(domain, vcpu) : _others;
        }

        lane.Add(kind, slot);
    }
}

/// <summary>The events of one vCPU, by kind and time.</summary>
/// <param name="domain">The domain's name; null: all vCPUs without their own lane.</param>
/// <param name="vcpu">The vCPU's id.</param>
internal sealed class Lane(string? domain, uint vcpu)
{
    private readonly SortedDictionary<VmEventKind, long[]> _byKind = [];

    public string? Domain => domain;

    public uint VCpu => vcpu;

    /// <summary>For the kinds that occurred.</summary>
    public IReadOnlyDictionary<VmEventKind, long[]> ByKind => _byKind;

    public void Add(VmEventKind kind, int slot)
    {
        if (!_byKind.TryGetValue(kind, out long[]? bins)) _byKind[kind] = bins = new long[Timeline.Most];
        bins[slot]++;
    }
}
