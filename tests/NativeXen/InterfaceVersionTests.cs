using Xunit;

namespace XenVmEvent.NativeXen.Tests;

/// <summary>Hosts that speak other interface versions than that of Xen 4.17.</summary>
public class InterfaceVersionTests : NativeXenTest
{
    private static readonly string[] Modes = ["write", "cpuid", "write_ctrlreg_cr4", "breakpoint"];

    public static TheoryData<string, int> ModesInOlderVersions()
    {
        var data = new TheoryData<string, int>();
        for (int version = 2; version < 7; version++)
        {
            foreach (string mode in Modes) data.Add(mode, version);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(ModesInOlderVersions))]
    public void Ours_prints_in_each_what_xen_access_prints_in_its_own(string mode, int version)
    {
        Listener theirs = Listener.RunXenAccess(new Guest(), "1", mode);
        Listener ours = Listener.RunOurs(new Guest { InterfaceVersion = version }, "1", mode);

        Assert.Equal(theirs.Lines, ours.Lines);
        Assert.Equal(version, (int)ours.State!["interfaceVersion"]!);
        Assert.Equal(theirs.VCpu(0).ToJsonString(), ours.VCpu(0).ToJsonString());
        Assert.Equal(0, ours.ExitCode);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void A_version_that_is_not_known_is_an_error_and_the_guest_stays_as_it_was(int version)
    {
        Listener ours = Listener.RunOurs(new Guest { InterfaceVersion = version }, "1", "cpuid");

        Assert.Equal(1, ours.ExitCode);
        Assert.Empty(ours.Lines);
        string error = Assert.Single(ours.Errors);
        Assert.Contains("UnknownInterfaceVersion", error, StringComparison.Ordinal);
        Assert.Contains($"version {version};", error, StringComparison.Ordinal);
        Assert.False((bool)ours.State!["isMonitored"]!);
        Assert.Equal(0, (int)ours.VCpu(0)["events"]!);
    }

    /// <summary>xen-access also notices an unknown version, but leaves the vCPU paused for good.</summary>
    [Fact]
    public void Xen_access_freezes_a_guest_whose_version_it_does_not_know()
    {
        Listener theirs = Listener.RunXenAccess(new Guest { InterfaceVersion = 4 }, "1", "cpuid");

        Assert.Contains(theirs.Errors, line => line.Contains("interface version mismatch", StringComparison.Ordinal));
        Assert.Equal(0, theirs.ExitCode);
        Assert.True((bool)theirs.VCpu(0)["isPaused"]!);
        Assert.False((bool)theirs.VCpu(0)["isFinished"]!);
    }
}
