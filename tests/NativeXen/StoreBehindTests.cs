using Xunit;

namespace XenVmEvent.NativeXen.Tests;

/// <summary>A xenstore that is behind: Xen is asked which domains there are, and how many vCPUs they have.</summary>
public class StoreBehindTests : NativeXenTest
{
    [Theory]
    [InlineData("guest")]
    [InlineData("5")]
    public void The_living_domain_is_found_and_each_of_its_vCPUs_is_watched(string name)
    {
        Listener listener = Listener.RunOurs(new Guest { Id = 5, VCpus = 4, Workload = "Cpuid", IsStoreBehind = true }, name, "cpuid");

        Assert.Equal(0, listener.ExitCode);
        Assert.Equal(4, listener.LinesByVCpu().Count);
        Assert.Contains(listener.Errors, line => line.Contains("guest (id 5)", StringComparison.Ordinal));
        for (int vcpu = 0; vcpu < 4; vcpu++) Assert.False((bool)listener.VCpu(vcpu)["isPaused"]!);
    }

    [Fact]
    public void A_domain_that_only_xenstore_knows_of_is_not_there()
    {
        Listener listener = Listener.RunOurs(new Guest { Id = 5, IsStoreBehind = true }, "1", "cpuid");

        Assert.Equal(1, listener.ExitCode);
        Assert.Contains("DomainNotFound", listener.Errors[^1], StringComparison.Ordinal);
    }
}
