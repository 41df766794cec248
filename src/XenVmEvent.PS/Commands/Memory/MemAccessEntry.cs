using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>The access of a run of a domain's pages, for Get-XenMemAccess; Set-XenMemAccess sets it again.</summary>
public sealed class MemAccessEntry
{
    private readonly MemAccessRange _range;

    internal MemAccessEntry(XenDomain domain, ushort view, MemAccessRange range)
    {
        XenDomain = domain;
        View = view;
        _range = range;
    }

    /// <summary>The domain's name.</summary>
    public string Domain => XenDomain.Name;

    /// <summary>The domain's id.</summary>
    public uint DomainId => XenDomain.Id;

    /// <summary>The domain.</summary>
    public XenDomain XenDomain { get; }

    /// <summary>The view of the domain's memory; 0 is the host's own.</summary>
    public ushort View { get; }

    /// <summary>The pages.</summary>
    public GfnRange Gfn => _range.Gfn;

    /// <summary>The number of pages.</summary>
    public ulong Pages => Gfn.Count;

    /// <summary>The permissions of the pages.</summary>
    public MemAccess Access => _range.Access;

    /// <inheritdoc/>
    public override string ToString() => $"{Gfn} {Access}";
}
