using System.Text.Json.Nodes;
using Xunit;

namespace XenVmEvent.NativeXen.Tests;

/// <summary>The Xen with the slotted channel, on AMD: there it does not tell of a listener by page access.</summary>
public class SlottedHostTests : NativeXenTest
{
    private static Guest Amd => new()
    {
        VCpus = 2,
        Workload = "Cpuid",
        InterfaceVersion = 4,
        HasExtendedPageTables = false,
        Libraries = NativeXen.SlottedLibraries,
    };

    [Theory]
    [InlineData(2, "ring", "ring")]
    [InlineData(2, "slotted", "slotted")]
    [InlineData(2, "auto", "slotted")]
    [InlineData(43, "auto", "ring")]
    public void A_channel_can_be_had(int vcpus, string preference, string channel)
    {
        Listener listener = Listener.RunOurs(Amd with { VCpus = vcpus, Rounds = 3 }, "1", "cpuid", "--channel", preference);

        Assert.Equal(0, listener.ExitCode);
        Assert.Contains(listener.Errors, line => line.Contains($"{channel} channel", StringComparison.Ordinal));
        AssertRuns(listener.State!);
    }

    [Theory]
    [InlineData("ring")]
    [InlineData("slotted")]
    public void A_guest_that_a_listener_left_behind_is_freed_and_the_report_written(string channel)
    {
        SkipUnlessRoot();
        Listener reset = Listener.RunXenVmEvent(Amd with { OtherListener = channel, Interrupt = "0" }, "reset", "1", "--yes");

        Assert.Equal(0, reset.ExitCode);
        Assert.Empty(reset.Errors);
        Assert.Contains("its monitor was enabled and is now disabled.", reset.Lines[0], StringComparison.Ordinal);
        AssertRuns(reset.State!);
    }

    [Theory]
    [InlineData("ring", "ring")]
    [InlineData("ring", "slotted")]
    [InlineData("slotted", "slotted")]
    [InlineData("slotted", "ring")]
    [InlineData("slotted", "auto")]
    public void A_second_listener_is_refused_and_the_first_keeps_what_it_watches(string first, string second)
    {
        Listener refused = Listener.RunOurs(Amd with { OtherListener = first, Interrupt = "0" }, "1", "cpuid", "--channel", second);

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("MonitorBusy", Assert.Single(refused.Errors), StringComparison.Ordinal);
        Assert.True((bool)refused.State!["isMonitored"]!);
        Assert.Equal(["Cpuid"], refused.State["switches"]!.AsArray().Select(s => (string)s!));
    }

    [Theory]
    [InlineData("ring")]
    [InlineData("slotted")]
    public void A_listener_is_seen_by_the_test(string channel)
    {
        Listener test = Listener.RunOurTest(Amd with { OtherListener = channel }, "1");

        Assert.Equal(1, test.ExitCode);
        Assert.Contains(test.Lines, line => line.StartsWith("  Listener      failed", StringComparison.Ordinal));
    }

    [Fact]
    public void Nobody_is_seen_where_nobody_listens()
    {
        Listener test = Listener.RunOurTest(Amd, "1");

        Assert.Equal(0, test.ExitCode);
        Assert.Contains(test.Lines, line => line.StartsWith("  Listener      passed", StringComparison.Ordinal));
    }

    private static void AssertRuns(JsonNode state)
    {
        Assert.False((bool)state["isMonitored"]!);
        Assert.All(state["vcpus"]!.AsArray(), vcpu => Assert.True((bool)vcpu!["isFinished"]!));
    }
}
