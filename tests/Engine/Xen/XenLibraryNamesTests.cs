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
