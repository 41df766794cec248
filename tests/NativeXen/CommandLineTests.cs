using Xunit;

namespace XenVmEvent.NativeXen.Tests;

/// <summary>What scripts may rely on: when both refuse, both return something other than 0 and print no event.</summary>
public class CommandLineTests : NativeXenTest
{
    [Theory]
    [InlineData]
    [InlineData("1")]
    [InlineData("1", "nonsense")]
    [InlineData("-x", "1", "cpuid")]
    [InlineData("-m", "1")]
    [InlineData("99", "cpuid")]
    [InlineData("0", "cpuid")]
    [InlineData("1", "privcall")]
    public void What_one_refuses_the_other_refuses(params string[] arguments)
    {
        Listener theirs = Listener.RunXenAccess(new Guest(), arguments);
        Listener ours = Listener.RunOurs(new Guest(), arguments);

        AssertRefused(theirs);
        AssertRefused(ours);
    }

    [Theory]
    [InlineData("write")]
    [InlineData("exec")]
    public void What_the_processor_cannot_do_both_refuse(string mode)
    {
        var amd = new Guest { HasExtendedPageTables = false };
        Listener theirs = Listener.RunXenAccess(amd, "1", mode);
        Listener ours = Listener.RunOurs(amd, "1", mode);

        AssertRefused(theirs);
        AssertRefused(ours);
        Assert.False((bool)ours.State!["isMonitored"]!);
    }

    [Fact]
    public void What_Xen_promises_on_AMD_and_never_raises_is_refused()
    {
        Listener ours = Listener.RunOurs(new Guest { HasExtendedPageTables = false }, "1", "vmexit");

        AssertRefused(ours);
        Assert.Contains(ours.Errors, line => line.Contains("NotSupported", StringComparison.Ordinal));
        Assert.False((bool)ours.State!["isMonitored"]!);
    }

    [Fact]
    public void Settings_that_make_no_sense_end_the_program_and_say_why()
    {
        Listener refused = Listener.RunXenAccess(new Guest { Interrupt = "often" }, "1", "cpuid");

        Assert.Equal(98, refused.ExitCode);
        Assert.Contains(refused.Errors, line => line.Contains("often", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("0x16120")]
    [InlineData("0xffffffff81016120", "--virtual")]
    public void Memory_is_mapped_and_read(string address, params string[] options)
    {
        Listener read = Listener.RunXenVmEvent(new Guest(), ["read", "1", address, "--length", "4096", .. options]);

        Assert.Equal(0, read.ExitCode);
        Assert.Equal(256, read.Lines.Count);
        Assert.Equal($"{address[2..].PadLeft(16, '0')}  0f a2 00 00", read.Lines[0][..29]);
    }

    [Fact]
    public void Memory_that_is_not_there_is_one_clear_error()
    {
        Listener read = Listener.RunXenVmEvent(new Guest(), "read", "1", "0x100000000");

        Assert.Equal(1, read.ExitCode);
        Assert.Empty(read.Lines);
        Assert.Contains("InvalidGfn", Assert.Single(read.Errors), StringComparison.Ordinal);
    }

    private static void AssertRefused(Listener listener)
    {
        Assert.NotEqual(0, listener.ExitCode);
        Assert.Empty(listener.Lines);
        Assert.NotEmpty(listener.Errors);
    }
}
