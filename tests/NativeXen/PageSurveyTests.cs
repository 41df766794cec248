using Xunit;

namespace XenVmEvent.NativeXen.Tests;

/// <summary>Whether pages have memory, and what is there, is asked of Xen's libraries before anything is set.</summary>
public class PageSurveyTests : NativeXenTest
{
    private static readonly Guest Growing = new() { OnDemand = "0x800-0xfff", Workload = "WritePage" };

    [Fact]
    public void Pages_without_memory_stay_so_where_xen_access_populates_them()
    {
        Listener theirs = Listener.RunXenAccess(Growing, "1", "write");
        Listener ours = Listener.RunOurs(Growing, "1", "write");

        Assert.Equal(0, ours.ExitCode);
        Assert.NotEmpty(ours.Lines);
        Assert.InRange((int)ours.State!["pagesOnDemand"]!, 0x800 - Growing.Rounds, 0x800); // The guest writes to some itself.
        Assert.InRange((int)theirs.State!["pagesOnDemand"]!, 0, 1);
    }

    [Fact]
    public void A_devices_memory_is_left_out_where_accesses_are_emulated()
    {
        // Where the guest's data lie, which it writes. The linear address has no events, so that all accesses are emulated.
        Guest guest = new() { DeviceMemory = "0x100-0x1ff", Workload = "WritePage", Interrupt = Guest.AtTheEnd };
        Listener ours = Listener.RunOurs(guest, "1", "write", "--linear-address", "0x1");

        Assert.Equal(0, ours.ExitCode);
        Assert.Equal(0, (int)ours.State!["accessesLost"]!);
        Assert.Contains(ours.Errors, line => line.Contains("256 of these pages are device memory", StringComparison.Ordinal));
    }
}
