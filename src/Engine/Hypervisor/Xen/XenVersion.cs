using System.Globalization;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>A release of Xen, as in 4.17.</summary>
internal readonly record struct XenVersion(int Major, int Minor)
{
    /// <summary>
    /// The vm_event interface version that came with the release. Releases since 4.13 tell it themselves, so newer
    /// versions than these need no row.
    /// </summary>
    public int VmEventInterface => (Major, Minor) switch
    {
        (4, < 8) or ( < 4, _) => 1,
        (4, <= 10) => 2,
        (4, 11) => 3,
        (4, 12) => 4,
        (4, 13) => 5,
        (4, 14) => 6,
        _ => 7,
    };

    /// <summary>The release that runs, from sysfs; null where it does not tell.</summary>
    public static XenVersion? Read(string root)
    {
        string directory = Path.Combine(root, "sys/hypervisor/version");
        return ReadNumber(Path.Combine(directory, "major")) is int major && ReadNumber(Path.Combine(directory, "minor")) is int minor
            ? new XenVersion(major, minor)
            : null;
    }

    /// <summary>From <c>XENVER_version</c>: the major number in the upper 16 bits, the minor in the lower.</summary>
    public static XenVersion FromNumber(int number) => new(number >> 16, number & 0xffff);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}");

    private static int? ReadNumber(string path) =>
        File.Exists(path) && int.TryParse(File.ReadAllText(path), CultureInfo.InvariantCulture, out int number) ? number : null;
}
