using System.Runtime.InteropServices;
using System.Text;
using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Xen;

namespace XenVmEvent.NativeXen;

/// <summary>The functions of libxenstore: a store of what the toolstack notes of dom0 and of the guest.</summary>
internal static unsafe class XenStoreExports
{
    private const string Prefix = "simulated_xs_";
    private const nint Connection = 1;

    [UnmanagedCallersOnly(EntryPoint = Prefix + "open")]
    public static nint Open(nuint flags) => Connection;

    [UnmanagedCallersOnly(EntryPoint = Prefix + "close")]
    public static void Close(nint handle)
    {
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

    private static Dictionary<string, string> Entries()
    {
        Dictionary<string, string> entries = new() { ["/local/domain/0"] = "", ["/local/domain/0/name"] = "Domain-0" };
        if (!NativeHost.Guest.IsAlive) return entries;
        XenDomain guest = NativeHost.Guest.Identity;
        string path = $"/local/domain/{guest.Id}";
        entries[path] = "";
        entries[path + "/name"] = guest.Name;
        entries[path + "/vm"] = $"/vm/{guest.Uuid}";
        entries[$"/libxl/{guest.Id}/type"] = "hvm";
        for (int vcpu = 0; vcpu < guest.VCpus; vcpu++) entries[$"{path}/cpu/{vcpu}/availability"] = "online";
        return entries;
    }

    private static string PathOf(byte* path) => Marshal.PtrToStringUTF8((nint)path)!;

    private static byte* Absent()
    {
        NativeHost.Fail(Errno.ENOENT);
        return null;
    }
}
