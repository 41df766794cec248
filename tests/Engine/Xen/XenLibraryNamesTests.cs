using XenVmEvent.Hypervisor.Xen;
using Xunit;

namespace XenVmEvent.Tests.Xen;

public sealed class XenLibraryNamesTests
{
    private static readonly string[] Installed =
    [
        "/usr/lib64/libxenctrl.so.4.9",
        "/usr/lib64/libxenctrl.so.4.17",
        "/usr/lib64/libxenctrl.so.4.17.0",
        "/usr/local/lib/libxenctrl.so.4.20",
        "/usr/lib64/libxenctrl.so.4.bak",
        "/usr/lib64/libxenctrlx.so.4.18",
    ];

    [Fact]
    public void The_running_Xens_own_library_comes_first_then_the_newest_then_the_unversioned() =>
        Assert.Equal(
            [
                "libxenctrl.so.4.12",
                "libxenctrl.so.4.20",
                "/usr/local/lib/libxenctrl.so.4.20",
                "libxenctrl.so.4.17",
                "/usr/lib64/libxenctrl.so.4.17",
                "libxenctrl.so.4.9",
                "/usr/lib64/libxenctrl.so.4.9",
                "libxenctrl.so",
            ],
            XenLibraryNames.OfXenCtrl(new XenVersion(4, 12), Installed));

    [Fact]
    public void Without_a_known_version_the_newest_comes_first() =>
        Assert.Equal(
            ["libxenctrl.so.4.20", "/usr/local/lib/libxenctrl.so.4.20"],
            XenLibraryNames.OfXenCtrl(null, Installed).Take(2));

    [Fact]
    public void Without_any_installed_the_loader_is_asked_by_name() =>
        Assert.Equal(["libxenctrl.so.4.22", "libxenctrl.so"], XenLibraryNames.OfXenCtrl(new XenVersion(4, 22), []));

    [Theory]
    [InlineData("/usr/lib/libxenctrl.so.4.17", "4.17")]
    [InlineData("libxenctrl.so.4.20.0", "4.20")]
    [InlineData("libxenctrl.so", null)]
    [InlineData("libxenctrl.so.4.", null)]
    public void A_file_s_name_tells_its_release(string file, string? release) => Assert.Equal(release, XenLibraryNames.ReleaseOf(file)?.ToString());

    [Theory]
    [InlineData(0x7f0c2a000000, "libxenctrl.so.4.17.0")]
    [InlineData(0x7f0c2a020fff, "libxenctrl.so.4.17.0")]
    [InlineData(0x7f0c2a021000, null)]
    [InlineData(0x7ffd00000000, null)]
    public void An_address_tells_the_file_that_it_is_mapped_from(ulong address, string? file) =>
        Assert.Equal(
            file,
            XenLibraryNames.MappedAt(
                address,
                [
                    "55d0c0000000-55d0c0001000 r--p 00000000 fe:00 12 /usr/bin/pwsh",
                    "7f0c2a000000-7f0c2a021000 r-xp 00001000 fe:00 1234                      /usr/lib/libxenctrl.so.4.17.0",
                    "7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0                          [stack]",
                ]));

    [Fact]
    public void Installed_files_are_found_where_distributions_put_them()
    {
        using TemporaryRoot root = new();
        root.Write("usr/lib/x86_64-linux-gnu/libxenctrl.so.4.17", "");
        root.Write("usr/local/lib/libxenctrl.so.4.19", "");
        root.Write("usr/lib64/libxenstore.so.4", "");

        Assert.Equal(
            ["libxenctrl.so.4.17", "libxenctrl.so.4.19"],
            XenLibraryNames.Installed(root.Path).Select(Path.GetFileName).Order());
    }
}
