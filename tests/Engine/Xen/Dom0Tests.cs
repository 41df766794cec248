using XenVmEvent.Hypervisor.Xen;
using Xunit;

namespace XenVmEvent.Tests.Xen;

public sealed class Dom0Tests : IDisposable
{
    private static readonly XenException Failure = new(XenErrorId.CallFailed, "It failed.", "Try again.");

    private readonly TemporaryRoot _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void A_machine_without_Xen_is_not_dom0() => AssertExplained("does not run Xen");

    [Fact]
    public void Another_hypervisor_is_not_Xen()
    {
        _root.Write("sys/hypervisor/type", "kvm\n");
        AssertExplained("does not run Xen");
    }

    [Fact]
    public void A_guest_is_not_dom0()
    {
        _root.Write("sys/hypervisor/type", "xen\n");
        _root.Write("proc/xen/capabilities", "");
        AssertExplained("guest");
    }

    [Fact]
    public void In_dom0_the_failure_speaks_for_itself()
    {
        _root.Write("sys/hypervisor/type", "xen\n");
        _root.Write("proc/xen/capabilities", "control_d\n");
        Assert.Null(Dom0.Explain(_root.Path, Failure));
    }

    [Fact]
    public void Where_xenfs_is_not_mounted_the_failure_speaks_for_itself()
    {
        _root.Write("sys/hypervisor/type", "xen\n");
        Assert.Null(Dom0.Explain(_root.Path, Failure));
    }

    private void AssertExplained(string expected)
    {
        XenException? error = Dom0.Explain(_root.Path, Failure);
        Assert.NotNull(error);
        Assert.Same(Failure, error.InnerException);
        Assert.Equal(XenErrorId.XenNotAvailable, error.Id);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains("simulator", error.Remedy, StringComparison.Ordinal);
    }
}
