using Xunit;

namespace XenVmEvent.NativeXen.Tests;

/// <summary>The slotted channel through libxenctrl: there, refused by the hypervisor, and not in the library.</summary>
public class SlottedTests : NativeXenTest
{
    private static Guest SlottedHost => new() { VCpus = 4, InterfaceVersion = 4, Libraries = NativeXen.SlottedLibraries };

    [Theory]
    [InlineData("cpuid")]
    [InlineData("write_ctrlreg_cr4")]
    [InlineData("breakpoint")]
    public void Slots_and_ring_give_each_vcpu_the_same_lines_and_the_same_end(string mode)
    {
        Listener slotted = Listener.RunOurs(SlottedHost, "1", mode, "--channel", "slotted");
        Listener ring = Listener.RunOurs(SlottedHost, "1", mode, "--channel", "ring");

        AssertChannel("slotted", slotted);
        AssertChannel("ring", ring);
        AssertSameLines(ring, slotted);
        Assert.Equal(ring.State!.ToJsonString(), slotted.State!.ToJsonString());
    }

    [Fact]
    public void Where_there_are_slots_they_are_used() =>
        AssertChannel("slotted", Listener.RunOurs(SlottedHost, "1", "cpuid"));

    [Fact]
    public void Where_the_hypervisor_refuses_them_the_ring_is_used()
    {
        Listener fallback = Listener.RunOurs(SlottedHost with { HasSlots = false }, "1", "cpuid");

        AssertChannel("ring", fallback);
        AssertSameLines(Listener.RunXenAccess(new Guest { VCpus = 4 }, "1", "cpuid"), fallback);
        Assert.Equal(0, fallback.ExitCode);
    }

    [Fact]
    public void Where_the_library_does_not_know_them_the_ring_is_used()
    {
        Listener fallback = Listener.RunOurs(SlottedHost with { Libraries = NativeXen.Libraries }, "1", "cpuid");

        AssertChannel("ring", fallback);
        Assert.Equal(0, fallback.ExitCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Asked_for_they_are_an_error_where_they_cannot_be_had(bool inLibrary)
    {
        Guest guest = SlottedHost with { HasSlots = false, Libraries = inLibrary ? NativeXen.SlottedLibraries : NativeXen.Libraries };
        Listener refused = Listener.RunOurs(guest, "1", "cpuid", "--channel", "slotted");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("NotSupported", Assert.Single(refused.Errors), StringComparison.Ordinal);
        Assert.False((bool)refused.State!["isMonitored"]!);
    }

    private static void AssertChannel(string expected, Listener listener) =>
        Assert.Contains(listener.Errors, line => line.Contains($"{expected} channel", StringComparison.Ordinal));

    private static void AssertSameLines(Listener expected, Listener actual)
    {
        ILookup<string, string> lines = actual.LinesByVCpu();
        Assert.NotEmpty(lines);
        Assert.Equal(expected.Lines.Count, actual.Lines.Count);
        foreach (IGrouping<string, string> vcpu in expected.LinesByVCpu()) Assert.Equal(vcpu, lines[vcpu.Key]);
    }
}
