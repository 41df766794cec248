using System.Text.RegularExpressions;
using Xunit;

namespace XenVmEvent.NativeXen.Tests;

/// <summary>A guest that reboots while it is followed. Xenstore reports both domains, and Xen confirms them.</summary>
public class FollowTests : NativeXenTest
{
    [Theory]
    [InlineData("guest")]
    [InlineData("g*")]
    [InlineData("1")]
    public void All_that_it_does_is_seen_before_and_after_its_reboot(string domain)
    {
        const int vcpus = 4;
        Guest guest = new() { VCpus = vcpus, Workload = "Cpuid", Interrupt = "", End = "Rebooted" };
        Listener listener = Listener.RunOurs(guest, domain, "cpuid", "--follow", "--first", $"{2 * vcpus * guest.Rounds}");

        Assert.Equal(0, listener.ExitCode);
        foreach (int id in new[] { 1, 2 })
        {
            Assert.Equal(vcpus * guest.Rounds, listener.Lines.Count(line => line.StartsWith($"guest (id {id}): CPUID", StringComparison.Ordinal)));
            Assert.Contains($"xenvmevent: guest (id {id}) is watched, by the ring channel", listener.Errors);
        }

        Assert.Contains("xenvmevent: guest (id 1) has rebooted", listener.Errors);
        Assert.Matches(new Regex("none lost$"), listener.Errors[^1]);
    }
}
