using System.Management.Automation;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

public sealed class MemoryViewTests : CmdletTest
{
    [Fact]
    public void Views_are_made_switched_to_and_removed()
    {
        MemoryView made = Assert.Single(Pipeline.Of<NewXenMemoryViewCommand>("web01", "RX").Run().OutputOf<MemoryView>());
        Assert.Equal(((ushort)1, MemAccess.RX), (made.View, made.Access!.Value));
        Pipeline.Of<SwitchXenMemoryViewCommand>("web01", 1).Run();
        Assert.Equal([0u, 1u], Views()[1].VCpus);
        Refused(Pipeline.Of<RemoveXenMemoryViewCommand>("web01", 1).Run(), XenErrorId.ViewInUse, ErrorCategory.ResourceBusy);
        Pipeline.Of<SwitchXenMemoryViewCommand>("web01", 0).Run();
        Pipeline.Of<RemoveXenMemoryViewCommand>("web01", 1).Run();
        Assert.Single(Views());
        Refused(Pipeline.Of<RemoveXenMemoryViewCommand>("web01", 1).Run(), XenErrorId.ViewNotFound, ErrorCategory.ObjectNotFound);
    }

    [Fact]
    public void A_domain_that_is_not_monitored_has_none_to_switch_to()
    {
        Refused(Pipeline.Of<SwitchXenMemoryViewCommand>("web01", 1).Run(), XenErrorId.SessionEnded, ErrorCategory.ConnectionError);
        Refused(Pipeline.Of<GetXenMemoryViewCommand>("web01").Run(), XenErrorId.SessionEnded, ErrorCategory.ConnectionError);
        Assert.Empty(Views());
    }

    [Fact]
    public void A_watch_in_a_view_sees_that_view_and_all_goes_back_with_the_session()
    {
        Pipeline.Of<NewXenMemoryViewCommand>("web01").Run();
        Pipeline.Of<SwitchXenMemoryViewCommand>("web01", 1).Run();
        PipelineOutcome outcome = Pipeline.Of<WatchXenMemAccessCommand>("web01", "Write").With("View", 1).With("Repeat").With("First", 20).Run();
        Assert.All(outcome.OutputOf<Events.MemAccessEvent>(), e => Assert.Equal(1, e.View));
        Assert.Equal(20, outcome.Output.Count);
        Pipeline.Of<DisableXenMonitorCommand>("web01").Run();
        Assert.False(Host["web01"].HasViews);
        Assert.All(Host["web01"].VCpus, v => Assert.Equal((0, false), (v.View, v.IsSingleStepping)));
        AssertFree("web01");
    }

    private static MemoryView[] Views() => Pipeline.Of<GetXenMemoryViewCommand>().Run().OutputOf<MemoryView>();
}
