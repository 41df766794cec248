using XenVmEvent.Hypervisor.Xen;
using Xunit;

namespace XenVmEvent.Tests.Xen;

public sealed class Dom0Tests : IDisposable
{
    private readonly TemporaryRoot _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void A_machine_without_Xen_is_not_dom0() => AssertRefused("does not run Xen");

    [Fact]
    public void Another_hypervisor_is_not_Xen()
    {
        _root.Write("sys/hypervisor/type", "kvm\n");
        AssertRefused("does not run Xen");
    }

    [Fact]
    public void A_guest_is_not_dom0()
    {
        _root.Write("sys/hypervisor/type", "xen\n");
        _root.Write("proc/xen/capabilities", "");
        AssertRefused("guest");
    }

    [Fact]
    public void Dom0_is_dom0()
    {
        _root.Write("sys/hypervisor/type", "xen\n");
        _root.Write("proc/xen/capabilities", "control_d\n");
        Dom0.ThrowIfNot(_root.Path);
    }

    [Fact]
    public void Where_xenfs_is_not_mounted_the_first_call_decides()
    {
        _root.Write("sys/hypervisor/type", "xen\n");
        Dom0.ThrowIfNot(_root.Path);
    }

    private void AssertRefused(string expected)
    {
        XenException error = Assert.Throws<XenException>(() => Dom0.ThrowIfNot(_root.Path));
        Assert.Equal(XenErrorId.XenNotAvailable, error.Id);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains("simulator", error.Remedy, StringComparison.Ordinal);
    }
}
