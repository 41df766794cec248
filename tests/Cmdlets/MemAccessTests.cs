using System.Management.Automation;
using XenVmEvent.Hypervisor;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

public sealed class MemAccessTests : CmdletTest
{
    [Fact]
    public void Rights_are_set_and_shown_and_go_back_with_the_session()
    {
        PipelineOutcome set = Pipeline.Of<SetXenMemAccessCommand>("web01", "0x400-0x403", "R").Run();
        Assert.Single(set.Warnings);
        MemAccessEntry[] shown = Pipeline.Of<GetXenMemAccessCommand>("web01", "0x400-0x407").Run().OutputOf<MemAccessEntry>();
        Assert.Equal(["0x400-0x403 R", "0x404-0x407 Rwx"], shown.Select(s => s.ToString()));
        Pipeline.Of<DisableXenMonitorCommand>("web01").Run();
        AssertFree("web01");
    }

    [Fact]
    public void Rights_that_a_guest_does_not_survive_and_pages_that_it_does_not_have_change_nothing()
    {
        Enable("web01");
        Refused(Pipeline.Of<SetXenMemAccessCommand>("web01", "0x400", "WX").Run(), XenErrorId.NotSupported, ErrorCategory.NotImplemented);
        Refused(Pipeline.Of<SetXenMemAccessCommand>("web01", "0xfff-0x1000", "R").Run(), XenErrorId.InvalidGfn, ErrorCategory.InvalidArgument);
        Refused(
            Pipeline.Of<SetXenMemAccessCommand>("web01", "0x400", "R").With("View", 3).Run(), XenErrorId.ViewNotFound, ErrorCategory.ObjectNotFound);
        Assert.Equal(MemAccess.Rwx, Assert.Single(Pipeline.Of<GetXenMemAccessCommand>("web01").Run().OutputOf<MemAccessEntry>()).Access);
    }
}
