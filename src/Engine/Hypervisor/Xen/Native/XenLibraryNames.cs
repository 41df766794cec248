using System.Globalization;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>The files that may hold libxenctrl, the best first.</summary>
internal static class XenLibraryNames
{
    private const string XenCtrl = "libxenctrl.so";
    private const string XenCtrl4 = XenCtrl + ".4.";

    private static readonly string[] Directories =
    [
        "usr/local/lib", "usr/local/lib64", "usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib64", "usr/lib",
    ];

    /// <summary>
    /// First the running Xen's own, which the loader finds. Then the installed ones, newest first, each by the loader
    /// before the place where it was seen. Then the name that development packages link.
    /// </summary>
    public static IEnumerable<string> OfXenCtrl(XenVersion? running, IEnumerable<string> installed)
    {
        IEnumerable<string> own = running is XenVersion version ? [$"{XenCtrl}.{version}"] : [];
        IEnumerable<string> newestFirst = installed.Where(path => MinorOf(path) >= 0).OrderByDescending(MinorOf);
        return [.. own, .. newestFirst.SelectMany(path => new[] { Path.GetFileName(path), path }), XenCtrl];
    }

    /// <summary>The files of libxenctrl in the directories where distributions and Xen's own build put it.</summary>
    public static IEnumerable<string> Installed(string root) =>
        from directory in Directories
        let path = Path.Combine(root, directory)
        where Directory.Exists(path)
        from file in Directory.EnumerateFiles(path, XenCtrl4 + "*")
        select file;

    /// <summary>
    /// 4.17 for libxenctrl.so.4.17 or libxenctrl.so.4.17.0 in any folder; null for a file name without a release.
    /// </summary>
    public static XenVersion? ReleaseOf(string path)
    {
        string name = Path.GetFileName(path);
        int patch = name.Length > XenCtrl4.Length ? name.IndexOf('.', XenCtrl4.Length) : -1;
        return MinorOf(patch < 0 ? name : name[..patch]) is int minor and >= 0 ? new XenVersion(4, minor) : null;
    }

    /// <summary>
    /// The name of the file that an address is mapped from, according to the kernel's /proc/PID/maps.
    /// </summary>
    public static string? MappedAt(ulong address, IEnumerable<string> maps)
    {
        foreach (string line in maps)
        {
            // 7f0c2a000000-7f0c2a021000 r-xp 00001000 fe:00 1234   /usr/lib/libxenctrl.so.4.17.0
            int dash = line.IndexOf('-', StringComparison.Ordinal);
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            int slash = line.IndexOf('/', StringComparison.Ordinal);
            if (dash < 0 || space < dash || slash < space) continue;
            if (address >= ulong.Parse(line.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                && address < ulong.Parse(line.AsSpan(dash + 1, space - dash - 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture))
            {
                return Path.GetFileName(line[slash..]);
            }
        }

        return null;
    }

    /// <summary>
    /// 17 for libxenctrl.so.4.17; negative for libxenctrl.so.4.17.0 and others, which are the same file again.
    /// </summary>
    private static int MinorOf(string path)
    {
        string name = Path.GetFileName(path);
        return name.StartsWith(XenCtrl4, StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(XenCtrl4.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int minor)
                ? minor
                : -1;
    }
}
