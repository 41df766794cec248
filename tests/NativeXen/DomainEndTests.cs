using Xunit;

namespace XenVmEvent.NativeXen.Tests;

/// <summary>A guest that ends while it is watched. Xenstore's @releaseDomain reports it, and Xen confirms it.</summary>
public class DomainEndTests : NativeXenTest
{
    [Theory]
    [InlineData("ShutDown", "has shut down")]
    [InlineData("Suspended", "was suspended")]
    [InlineData("Crashed", "has crashed")]
    [InlineData("WatchdogFired", "by its watchdog")]
    [InlineData("SoftReset", "another kernel")]
    public void The_watch_ends_says_why_and_gives_everything_back(string end, string expected)
    {
        Listener listener = Listener.RunOurs(new Guest { VCpus = 4, Interrupt = "", End = end }, "-m", "1", "write");

        AssertEnded(listener, expected);
        Assert.False((bool)listener.State!["isMonitored"]!);
        Assert.False((bool)listener.State["listenerRequired"]!);
        Assert.Empty(listener.State["restrictedPages"]!.AsArray());
    }

    [Theory]
    [InlineData("Rebooted", "has rebooted. It is guest (id 2) now")]
    [InlineData("Destroyed", "was destroyed")]
    public void Of_one_that_is_gone_the_watch_ends_and_says_why(string end, string expected) =>
        AssertEnded(Listener.RunOurs(new Guest { VCpus = 4, Interrupt = "", End = end }, "1", "write"), expected);

    private static void AssertEnded(Listener listener, string expected)
    {
        Assert.Equal(1, listener.ExitCode);
        Assert.NotEmpty(listener.Lines);
        string said = listener.Errors[^1];
        Assert.StartsWith("xenvmevent: SessionEnded: The domain guest (id 1) ", said, StringComparison.Ordinal);
        Assert.Contains(expected, said, StringComparison.Ordinal);
        Assert.DoesNotContain(listener.Errors, line => line.Contains("while ending", StringComparison.Ordinal));
    }
}
