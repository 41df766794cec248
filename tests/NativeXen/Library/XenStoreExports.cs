using System.Runtime.InteropServices;
using System.Text;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.NativeXen;

/// <summary>The functions of libxenstore: a store of what the toolstack notes about dom0 and the guest.</summary>
internal static unsafe class XenStoreExports
{
    private const string Prefix = "simulated_xs_";

    private static readonly Lock Gate = new();

    /// <summary>The connections that watch domains start or end, each with what becomes readable then.</summary>
    private static readonly Dictionary<nint, int> Watches = [];

    private static long _connections;

    static XenStoreExports() => NativeHost.DomainsChanged += Tell;

    [UnmanagedCallersOnly(EntryPoint = Prefix + "open")]
    public static nint Open(nuint flags) => (nint)Interlocked.Increment(ref _connections);

    [UnmanagedCallersOnly(EntryPoint = Prefix + "close")]
    public static void Close(nint handle)
    {
        lock (Gate)
        {
            if (Watches.Remove(handle, out int releases)) _ = Libc.close(releases);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = Prefix + "read")]
    public static byte* Read(nint handle, uint transaction, byte* path, uint* length)
    {
        if (!Entries().TryGetValue(PathOf(path), out string? value)) return Absent();
        byte[] bytes = [.. Encoding.UTF8.GetBytes(value), 0];
        byte* copy = (byte*)NativeMemory.Alloc((nuint)bytes.Length);
        bytes.CopyTo(new Span<byte>(copy, bytes.Length));
        *length = (uint)bytes.Length - 1;
        return copy;
    }

    [UnmanagedCallersOnly(EntryPoint = Prefix + "directory")]
    public static byte** Directory(nint handle, uint transaction, byte* path, uint* count)
    {
        string parent = PathOf(path) + "/";
        string[] names = [.. Entries().Keys.Where(p => p.StartsWith(parent, StringComparison.Ordinal)).Select(p => p[parent.Length..].Split('/')[0]).Distinct()];
        *count = (uint)names.Length;
        if (names.Length == 0 && !Entries().ContainsKey(PathOf(path))) return (byte**)Absent();

        // One block holds the pointers and the names.
        byte[][] bytes = [.. names.Select(name => (byte[])[.. Encoding.UTF8.GetBytes(name), 0])];
        byte** block = (byte**)NativeMemory.Alloc((nuint)(names.Length * sizeof(byte*) + bytes.Sum(name => name.Length) + 1));
        byte* next = (byte*)(block + names.Length);
        for (int i = 0; i < bytes.Length; i++)
        {
            block[i] = next;
            bytes[i].CopyTo(new Span<byte>(next, bytes[i].Length));
            next += bytes[i].Length;
        }

        return block;
    }

    /// <summary>Only the start and the end of domains can be watched. Each is reported to those that watch either.</summary>
    [UnmanagedCallersOnly(EntryPoint = Prefix + "watch")]
    public static byte Watch(nint handle, byte* path, byte* token)
    {
        if (PathOf(path) is not ("@introduceDomain" or "@releaseDomain"))
        {
            NativeHost.Fail(Errno.EINVAL);
            return 0;
        }

        // Like the real one, it reports once what happened before.
        lock (Gate)
        {
            if (!Watches.ContainsKey(handle)) Watches.Add(handle, Libc.eventfd(1, Libc.EventFdNonBlocking | Libc.EventFdCloseOnExec));
        }

        return 1;
    }

    /// <summary>The simulated toolstack makes domains at once.</summary>
    [UnmanagedCallersOnly(EntryPoint = Prefix + "is_domain_introduced")]
    public static byte IsDomainIntroduced(nint handle, uint domain) => NativeHost.Guests.Any(guest => guest.Identity.Id == domain) ? (byte)1 : (byte)0;

    [UnmanagedCallersOnly(EntryPoint = Prefix + "fileno")]
    public static int FileNumber(nint handle)
    {
        lock (Gate) return Watches.GetValueOrDefault(handle, -1);
    }

    /// <summary>What was reported. The engine looks at none of it.</summary>
    [UnmanagedCallersOnly(EntryPoint = Prefix + "check_watch")]
    public static byte** CheckWatch(nint handle)
    {
        ulong count;
        int releases;
        lock (Gate) releases = Watches.GetValueOrDefault(handle, -1);
        if (Libc.read(releases, &count, sizeof(ulong)) == sizeof(ulong)) return (byte**)NativeMemory.AllocZeroed((nuint)(2 * sizeof(byte*)));
        NativeHost.Fail(Errno.EAGAIN);
        return null;
    }

    private static void Tell()
    {
        ulong one = 1;
        lock (Gate)
        {
            foreach (int releases in Watches.Values) _ = Libc.write(releases, &one, sizeof(ulong));
        }
    }

    private static Dictionary<string, string> Entries()
    {
        Dictionary<string, string> entries = new() { ["/local/domain/0"] = "", ["/local/domain/0/name"] = "Domain-0" };
        if (NativeHost.IsStoreBehind)
        {
            // Of a domain that is gone.
            entries["/local/domain/1"] = "";
            entries["/local/domain/1/name"] = NativeHost.Guest.Name;
        }

        foreach (XenDomain guest in NativeHost.Guests.Select(g => g.Identity))
        {
            string path = $"/local/domain/{guest.Id}";
            entries[path] = "";
            entries[path + "/name"] = guest.Name;
            entries[path + "/vm"] = $"/vm/{guest.Uuid}";
            entries[$"/libxl/{guest.Id}/type"] = "hvm";
            for (int vcpu = NativeHost.IsStoreBehind ? 1 : 0; vcpu < guest.VCpus; vcpu++) entries[$"{path}/cpu/{vcpu}/availability"] = "online";
        }

        return entries;
    }

    private static string PathOf(byte* path) => Marshal.PtrToStringUTF8((nint)path)!;

    private static byte* Absent()
    {
        NativeHost.Fail(Errno.ENOENT);
        return null;
    }
}
