using Xunit;

namespace XenVmEvent.NativeXen.Tests;

/// <summary>
/// A guest with all the memory that it may have. Its ring's page cannot be populated: libxenctrl fails with EBUSY.
/// </summary>
public class FullGuestTests : NativeXenTest
{
    [Fact]
    public void It_is_out_of_memory_and_has_no_other_listener()
    {
        Listener refused = Listener.RunOurs(new Guest { IsFull = true }, "1", "cpuid");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("OutOfMemory", Assert.Single(refused.Errors), StringComparison.Ordinal);
        Assert.False((bool)refused.State!["isMonitored"]!);
    }
}
