using System.Runtime.CompilerServices;
using XenVmEvent.Hypervisor.Xen;
using Xunit;

namespace XenVmEvent.Tests.Xen;

public sealed class XenHypervisorTests
{
    [Fact]
    public void Connecting_without_Xen_says_so_and_what_to_do()
    {
        if (Directory.Exists("/proc/xen")) return; // In dom0 it connects; the tests that boot Xen see to that.

        XenException error = Assert.Throws<XenException>(XenHypervisor.Connect);
        Assert.Equal(XenErrorId.XenNotAvailable, error.Id);
        Assert.NotEmpty(error.Remedy);
    }

    [Fact]
    public void Structures_have_the_sizes_of_C()
    {
        Assert.Equal(24, Unsafe.SizeOf<VCpuInfo>());
        Assert.Equal(8, OffsetOfCpuTime());
        Assert.Equal(8, Unsafe.SizeOf<PollFd>());
    }

    private static long OffsetOfCpuTime()
    {
        VCpuInfo info = default;
        return Unsafe.ByteOffset(ref Unsafe.As<VCpuInfo, ulong>(ref info), ref info.CpuTime);
    }
}
