using System.Globalization;
using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>The domains as the toolstack noted them in xenstore. Safe for use from several threads.</summary>
internal sealed unsafe class DomainDirectory : IDisposable
{
    private const string Domains = "/local/domain";

    private readonly XenStoreHandle _store = XenStoreHandle.Open();

    /// <summary>All domains, by id.</summary>
    public IReadOnlyList<XenDomain> List() =>
    [
        .. (ListPath(Domains) ?? [])
            .Where(id => uint.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            .Select(id => Find(uint.Parse(id, CultureInfo.InvariantCulture)))
            .OfType<XenDomain>()
            .OrderBy(domain => domain.Id),
    ];

    /// <summary>One domain; null when there is none, or it is only just being created or destroyed.</summary>
    public XenDomain? Find(uint id)
    {
        if (ReadPath(PathOf(id, "/name")) is not string name) return null;
        string uuid = ReadPath(PathOf(id, "/vm")) is string vm ? vm[(vm.LastIndexOf('/') + 1)..] : "";
        return new XenDomain(
            id,
            name,
            Guid.TryParse(uuid, out Guid guid) ? guid : Guid.Empty,
            ReadPath(string.Create(CultureInfo.InvariantCulture, $"/libxl/{id}/type")) switch
            {
                "pv" => DomainType.PV,
                "hvm" => DomainType.Hvm,
                "pvh" => DomainType.Pvh,
                _ => id == 0 ? DomainType.PV : DomainType.Unknown,
            },
            VCpusOf(id));
    }

    public void Dispose() => _store.Dispose();

    private static string PathOf(uint id, string name) => string.Create(CultureInfo.InvariantCulture, $"{Domains}/{id}{name}");

    /// <summary>The toolstack makes a directory for each vCPU that a guest can have, online or not; dom0 is this machine.</summary>
    private int VCpusOf(uint id) =>
        ListPath(PathOf(id, "/cpu"))?.Length is int count and > 0 ? count : id == 0 ? Environment.ProcessorCount : 1;

    /// <returns>The value; null where the path does not exist.</returns>
    private string? ReadPath(string path)
    {
        byte* value = XenStore.xs_read(_store, XenStore.NoTransaction, path, out uint length);
        if (value == null) return Absent(nameof(XenStore.xs_read), path);
        string text = Marshal.PtrToStringUTF8((nint)value, (int)length);
        NativeMemory.Free(value);
        return text;
    }

    /// <returns>The names below; null where the path does not exist.</returns>
    private string[]? ListPath(string path)
    {
        byte** entries = XenStore.xs_directory(_store, XenStore.NoTransaction, path, out uint count);
        if (entries == null)
        {
            Absent(nameof(XenStore.xs_directory), path);
            return null;
        }

        string[] names = new string[count];
        for (int i = 0; i < names.Length; i++) names[i] = Marshal.PtrToStringUTF8((nint)entries[i]) ?? "";
        NativeMemory.Free(entries); // One block holds the pointers and the names.
        return names;
    }

    private static string? Absent(string call, string path)
    {
        int errno = Marshal.GetLastPInvokeError();
        return (Errno)errno == Errno.ENOENT ? null : throw XenErrors.OfXenStore(call, errno, path);
    }
}
