using System.Globalization;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>A release of Xen, as in 4.17.</summary>
internal readonly record struct XenVersion(int Major, int Minor)
{
    /// <summary>
    /// The vm_event interface version of the release. Releases since 4.13 report it themselves, so later versions need
    /// no row here.
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

    /// <summary>
    /// <c>XEN_DOMCTL_INTERFACE_VERSION</c> of the releases that do watched register writes immediately unless told to
    /// hold them back. Null for older releases, which always hold them back, and for unknown ones.
    /// </summary>
    public uint? DomctlInterface => (Major, Minor) switch
    {
        (4, 14) => 0x12,
        (4, 15) => 0x13,
        (4, 16) => 0x14,
        (4, 17) => 0x15,
        (4, 18) => 0x16,
        (4, 19 or 20 or 21) => 0x17,
        (4, 22) => 0x18,
        _ => null,
    };

    /// <summary>Whether it is this release of Xen 4, or a later one.</summary>
    public bool IsAtLeast4(int minor) => Major > 4 || (Major == 4 && Minor >= minor);

    /// <summary>The running release, from sysfs; null if sysfs does not tell.</summary>
    public static XenVersion? Read(string root)
    {
        string directory = Path.Combine(root, "sys/hypervisor/version");
        return ReadNumber(Path.Combine(directory, "major")) is int major && ReadNumber(Path.Combine(directory, "minor")) is int minor
            ? new XenVersion(major, minor)
            : null;
    }

    /// <summary>From <c>XENVER_version</c>: the major number is in the upper 16 bits, the minor in the lower.</summary>
    public static XenVersion FromNumber(int number) => new(number >> 16, number & 0xffff);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}");

    private static int? ReadNumber(string path) =>
        File.Exists(path) && int.TryParse(File.ReadAllText(path), CultureInfo.InvariantCulture, out int number) ? number : null;
}
