using XenVmEvent.Abi;
using XenVmEvent.Hypervisor.Xen;
using Xunit;

namespace XenVmEvent.Tests.Xen;

public sealed class XenVersionTests
{
    [Theory]
    [InlineData(4, 8, 2)]
    [InlineData(4, 9, 2)]
    [InlineData(4, 10, 2)]
    [InlineData(4, 11, 3)]
    [InlineData(4, 12, 4)]
    [InlineData(4, 13, 5)]
    [InlineData(4, 14, 6)]
    [InlineData(4, 15, 7)]
    [InlineData(4, 22, 7)]
    public void A_release_has_its_interface_version(int major, int minor, int expected)
    {
        int version = new XenVersion(major, minor).VmEventInterface;
        Assert.Equal(expected, version);
        Assert.Equal(expected, VmEventLayout.ForVersion(version).Version);
    }

    [Theory]
    [InlineData(4, 7)]
    [InlineData(3, 9)]
    public void A_release_that_is_too_old_has_a_version_that_is_refused(int major, int minor)
    {
        int version = new XenVersion(major, minor).VmEventInterface;
        XenException error = Assert.Throws<XenException>(() => VmEventLayout.ForVersion(version));
        Assert.Equal(XenErrorId.UnknownInterfaceVersion, error.Id);
    }

    [Fact]
    public void It_is_read_from_sysfs()
    {
        using TemporaryRoot root = new();
        root.Write("sys/hypervisor/version/major", "4\n");
        root.Write("sys/hypervisor/version/minor", "17\n");
        Assert.Equal(new XenVersion(4, 17), XenVersion.Read(root.Path));
    }

    [Fact]
    public void Where_sysfs_does_not_tell_it_is_unknown()
    {
        using TemporaryRoot root = new();
        Assert.Null(XenVersion.Read(root.Path));
        root.Write("sys/hypervisor/version/major", "four");
        root.Write("sys/hypervisor/version/minor", "17");
        Assert.Null(XenVersion.Read(root.Path));
    }

    [Fact]
    public void It_is_read_from_Xens_own_number() => Assert.Equal("4.17", XenVersion.FromNumber(0x0004_0011).ToString());
}
