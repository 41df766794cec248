using XenVmEvent.Events;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>Several watches on one session.</summary>
public sealed class SharedSessionTests : CmdletTest
{
    private static readonly string[] CpuidAndRequests = ["Cpuid", "GuestRequest"];

    [Fact]
    public void Each_watch_sees_its_own_events()
    {
        Enable("web01");
        Pipeline cpuid = Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("First", 20);
        Pipeline both = Pipeline.Of<WatchXenVmEventCommand>("web01", CpuidAndRequests).With("First", 20).With("Hold");
        Pipeline pages = Pipeline.Of<WatchXenMemAccessCommand>("web01", "Write").With("First", 20);
        BackgroundRun[] runs = [new(cpuid), new(both), new(pages)];
        PipelineOutcome[] outcomes = [.. runs.Select(r => r.Finish(Patience))];
        Assert.All(outcomes, o => Assert.Equal(20, o.Output.Count));
        Assert.All(outcomes[0].Output, e => Assert.IsType<CpuidEvent>(e));
        Assert.All(outcomes[1].Output, e => Assert.True(e is CpuidEvent or GuestRequestEvent));
        Assert.All(outcomes[2].Output, e => Assert.IsType<MemAccessEvent>(e));
        Assert.Single(Monitors());
        Pipeline.Of<DisableXenMonitorCommand>("web01").Run();
        AssertFree("web01");
    }

    [Fact]
    public void Options_of_the_session_are_not_changed_and_that_is_said()
    {
        Pipeline.Of<EnableXenMonitorCommand>("web01").With("Channel", "Ring").Run();
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("First", 1).With("Channel", "Slotted").With("ResponseTimeout", 5).Run();
        Assert.Single(outcome.Output);
        Assert.Collection(outcome.Warnings, w => Assert.Contains("-Channel", w, StringComparison.Ordinal), w => Assert.Contains("-ResponseTimeout", w, StringComparison.Ordinal));
        outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("First", 1).With("Channel", "Ring").With("ResponseTimeout", 1).Run();
        Assert.Empty(outcome.Warnings);
    }

    [Fact]
    public void A_watch_that_opened_its_session_is_joined()
    {
        Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("First", 1)
            .To(_ => Assert.Single(Pipeline.Of<WatchXenVmEventCommand>("web01", "GuestRequest").With("First", 1).Run().Output)).Run();
        AssertFree("web01");
    }
}
