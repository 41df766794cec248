using System.Globalization;
using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// The domains: Xen says which exist, with their uuids and vCPUs; xenstore has their names, and may lag behind. Safe
/// for use from several threads.
/// </summary>
internal sealed unsafe class DomainDirectory(XenErrors errors) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly XenCtrlHandle _xen = XenCtrlHandle.Open();
    private readonly XenStoreHandle _store = XenStoreHandle.Open();

    /// <summary>All domains, by id, except those that are just being made or destroyed.</summary>
    public IReadOnlyList<XenDomain> List() => List(static _ => true);

    /// <summary>
    /// Those that have never run. No time is lost with reading the names of others: a toolstack lets its domain run soon.
    /// </summary>
    public IReadOnlyList<XenDomain> ListNew() => List(static info => info.IsNew);

    /// <summary>One domain; null if there is none, or if it is just being made or destroyed.</summary>
    public XenDomain? Find(uint id) => Ask(id) is { } info && info.Domain == id ? Describe(info) : null;

    /// <summary>The state of a domain now; null if it is gone.</summary>
    public DomainState? StateOf(XenDomain domain)
    {
        if (Ask(domain.Id) is not { } info || info.Domain != domain.Id) return null;
        return info is { State: DomainState.Running, IsPaused: true } ? DomainState.Paused : info.State;
    }

    /// <summary>
    /// Whether a domain is made. Until its toolstack has introduced it to xenstored it is paused, and may lack memory.
    /// </summary>
    public bool IsComplete(XenDomain domain) =>
        StateOf(domain) != DomainState.Paused || XenStore.xs_is_domain_introduced(_store, domain.Id);

    public void Dispose()
    {
        _xen.Dispose();
        _store.Dispose();
    }

    private List<XenDomain> List(Predicate<DomainInfo> isWanted)
    {
        List<XenDomain> domains = [];
        for (uint next = 0; Ask(next) is { } info; next = info.Domain + 1u)
        {
            if (isWanted(info) && Describe(info) is { } domain) domains.Add(domain);
        }

        return domains;
    }

    /// <summary>
    /// Xen's record of the first domain from an id on. One at a time, because the record's size differs by release.
    /// </summary>
    private DomainInfo? Ask(uint first)
    {
        lock (_gate)
        {
            int count = XenCtrl.xc_domain_getinfolist(_xen, first, 1, out DomainInfo info);
            if (count < 0) throw errors.OfListing(nameof(XenCtrl.xc_domain_getinfolist), Marshal.GetLastPInvokeError());
            return count == 1 ? info : null;
        }
    }

    private XenDomain? Describe(in DomainInfo info)
    {
        if (info.IsDying || info.VCpus == 0) return null;
        uint id = info.Domain;
        string? type = ReadPath(string.Create(CultureInfo.InvariantCulture, $"/libxl/{id}/type"));
        return new XenDomain(
            id,
            ReadPath(string.Create(CultureInfo.InvariantCulture, $"/local/domain/{id}/name")) ?? string.Create(CultureInfo.InvariantCulture, $"Domain-{id}"),
            new Guid(info.Uuid, bigEndian: true),
            !info.IsHvm ? DomainType.PV : type == "pvh" || id == 0 ? DomainType.Pvh : DomainType.Hvm,
            info.VCpus);
    }

    /// <returns>The value; null if the path does not exist.</returns>
    private string? ReadPath(string path)
    {
        byte* value = XenStore.xs_read(_store, XenStore.NoTransaction, path, out uint length);
        if (value == null) return Absent(nameof(XenStore.xs_read), path);
        string text = Marshal.PtrToStringUTF8((nint)value, (int)length);
        NativeMemory.Free(value);
        return text;
    }

    private static string? Absent(string call, string path)
    {
        int errno = Marshal.GetLastPInvokeError();
        return (Errno)errno == Errno.ENOENT ? null : throw XenErrors.OfXenStore(call, errno, path);
    }
}
