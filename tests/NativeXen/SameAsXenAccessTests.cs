using System.Text.Json.Nodes;
using Xunit;

namespace XenVmEvent.NativeXen.Tests;

/// <summary>Debian's xen-access and xenvmevent listen to the same guest, one after the other.</summary>
public class SameAsXenAccessTests : NativeXenTest
{
    private static readonly string[] Modes =
    [
        "write", "exec", "breakpoint", "debug", "cpuid", "desc_access", "write_ctrlreg_cr4",
        "altp2m_write", "altp2m_exec", "altp2m_write_no_gpt",
    ];

    public static TheoryData<string, bool> ModesWithAndWithoutM()
    {
        var data = new TheoryData<string, bool>();
        foreach (string mode in Modes)
        {
            data.Add(mode, false);
            data.Add(mode, true);
        }

        return data;
    }

    public static TheoryData<string> AllModes() => new(Modes);

    [Theory]
    [MemberData(nameof(ModesWithAndWithoutM))]
    public void Both_print_the_same_lines_and_leave_the_same_guest(string mode, bool required)
    {
        string[] arguments = required ? ["-m", "1", mode] : ["1", mode];
        Listener theirs = Listener.RunXenAccess(new Guest(), arguments);
        Listener ours = Listener.RunOurs(new Guest(), arguments);

        Assert.NotEmpty(theirs.Lines);
        Assert.Equal(theirs.Lines, ours.Lines);
        AssertSameState(theirs, ours, required);
        Assert.True((bool)ours.VCpu(0)["isFinished"]!);
        Assert.Equal(0, ours.ExitCode);

        // At its end xen-access turns single steps off for vCPUs that the guest does not have, and treats that as a
        // failure.
        Assert.Equal(mode.StartsWith("altp2m", StringComparison.Ordinal) ? 255 : 0, theirs.ExitCode);
        Assert.NotEmpty(theirs.Errors);
        Assert.NotEmpty(ours.Errors);
    }

    /// <summary>
    /// SIGINT comes while the guest works, at a different moment for each. What the guest does later is the same.
    /// </summary>
    [Theory]
    [MemberData(nameof(AllModes))]
    public void Interrupted_at_work_both_leave_the_same_guest(string mode)
    {
        var guest = new Guest { Interrupt = "20" };
        Listener theirs = Listener.RunXenAccess(guest, "1", mode);
        Listener ours = Listener.RunOurs(guest, "1", mode);

        int common = Math.Min(theirs.Lines.Count, ours.Lines.Count);
        Assert.InRange(common, 1, 1000);
        Assert.Equal(theirs.Lines.Take(common), ours.Lines.Take(common));
        AssertSameState(theirs, ours, required: false, exceptCounts: true);
        Assert.True((bool)ours.VCpu(0)["isFinished"]!);
        Assert.Equal(0, ours.ExitCode);
    }

    /// <summary>
    /// Registers are each vCPU's own, and a view stays restricted, so its lines do not depend on the others, as they do
    /// for pages.
    /// </summary>
    [Theory]
    [InlineData("breakpoint")]
    [InlineData("debug")]
    [InlineData("cpuid")]
    [InlineData("desc_access")]
    [InlineData("write_ctrlreg_cr4")]
    [InlineData("altp2m_write")]
    [InlineData("altp2m_exec")]
    public void With_several_vcpus_each_has_the_same_lines(string mode)
    {
        var guest = new Guest { VCpus = 4 };
        Listener theirs = Listener.RunXenAccess(guest, "1", mode);
        Listener ours = Listener.RunOurs(guest, "1", mode);

        ILookup<string, string> ourLines = ours.LinesByVCpu();
        Assert.Equal(guest.VCpus, ourLines.Count);
        foreach (IGrouping<string, string> vcpu in theirs.LinesByVCpu()) Assert.Equal(vcpu, ourLines[vcpu.Key]);
        AssertSameState(theirs, ours, required: false);
    }

    /// <summary>Which vCPU is the first to touch a page is not determined; which pages are touched is.</summary>
    [Theory]
    [InlineData("write")]
    [InlineData("exec")]
    public void With_several_vcpus_both_see_the_same_pages(string mode)
    {
        var guest = new Guest { VCpus = 4 };
        Listener theirs = Listener.RunXenAccess(guest, "1", mode);
        Listener ours = Listener.RunOurs(guest, "1", mode);

        Assert.Equal(theirs.Pages(), ours.Pages());
        AssertSameState(theirs, ours, required: false, exceptCounts: true);
    }

    /// <summary>
    /// Twice as many vCPUs as the ring has entries, so that some wait for room when the listener ends.
    /// </summary>
    [Theory]
    [InlineData("cpuid")]
    [InlineData("write_ctrlreg_cr4")]
    public void Interrupted_while_vcpus_wait_for_room_ours_lets_them_all_go(string mode)
    {
        var guest = new Guest { VCpus = 16, Rounds = 500, Interrupt = "100", Workload = "Cpuid,WriteCR4" };
        Listener ours = Listener.RunOurs(guest, "1", mode);

        Assert.Equal(0, ours.ExitCode);
        Assert.All(Enumerable.Range(0, guest.VCpus), vcpu => Assert.True((bool)ours.VCpu(vcpu)["isFinished"]!));
    }

    /// <summary>
    /// xen-access restricts one page too few. Both see the first access to each other page. Only ours sees that to the
    /// last page.
    /// </summary>
    [Theory]
    [InlineData("write", "WritePage", 0x100)]
    public void Ours_watches_the_last_page_too(string mode, string workload, int firstGfn)
    {
        var guest = new Guest { Pages = 512, Rounds = 5000, Workload = workload };
        Listener theirs = Listener.RunXenAccess(guest, "1", mode);
        Listener ours = Listener.RunOurs(guest, "1", mode);

        Assert.Equal(guest.Pages - firstGfn, ours.Lines.Count);
        string last = Assert.Single(ours.Lines, line => line.Contains($"GFN {guest.Pages - 1:x} ", StringComparison.Ordinal));
        Assert.Equal(theirs.Lines, ours.Lines.Where(line => line != last));
    }

    private static void AssertSameState(Listener theirs, Listener ours, bool required, bool exceptCounts = false)
    {
        JsonNode expected = theirs.State!.DeepClone();
        JsonNode actual = ours.State!.DeepClone();

        // After -m xen-access leaves behind that a listener is required: a page access without one would end the guest.
        Assert.Equal(required, (bool)expected["listenerRequired"]!);
        Assert.False((bool)actual["listenerRequired"]!);
        expected["listenerRequired"] = false;
        foreach (JsonNode? vcpu in expected["vcpus"]!.AsArray().Concat(actual["vcpus"]!.AsArray()))
        {
            // The guest has not executed an instruction that the listener steps over.
            if (!exceptCounts) continue;
            vcpu!["events"] = 0;
            vcpu["instructions"] = 0;
        }

        Assert.Equal(expected.ToJsonString(), actual.ToJsonString());
        Assert.Empty(actual["restrictedPages"]!.AsArray());
        Assert.Empty(actual["switches"]!.AsArray());
        Assert.False((bool)actual["isMonitored"]!);
    }
}
