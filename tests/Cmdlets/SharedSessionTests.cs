using System.Management.Automation;
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
        Pipeline.Of<EnableXenMonitorCommand>("web01").With("ResponseTimeout", 60).Run();
        Pipeline cpuid = Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("First", 20);
        Pipeline both = Pipeline.Of<WatchXenVmEventCommand>("web01", CpuidAndRequests).With("First", 20).With("Hold");
        Pipeline pages = Pipeline.Of<WatchXenMemAccessCommand>("web01", "Write").With("First", 20);
        BackgroundRun[] runs = [new(cpuid), new(both), new(pages)];
        PipelineOutcome[] outcomes = [.. runs.Select(r => r.Finish(Patience))];
        Assert.All(outcomes, o => Assert.Equal(20, o.Output.Count));
        Assert.All(outcomes[0].Output, e => Assert.IsType<CpuidEvent>(e));
        Assert.All(outcomes[1].Output, e => Assert.True(e is CpuidEvent or GuestRequestEvent));
        Assert.All(outcomes[2].Output, e => Assert.IsType<MemAccessEvent>(e));
        Assert.Equal(0, Assert.Single(Monitors()).Dropped);
        Pipeline.Of<DisableXenMonitorCommand>("web01").Run();
        AssertFree("web01");
    }

    [Fact]
    public void A_watch_that_opened_its_session_is_joined()
    {
        Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("First", 1)
            .To(_ => Assert.Single(Pipeline.Of<WatchXenVmEventCommand>("web01", "GuestRequest").With("First", 1).Run().Output)).Run();
        AssertFree("web01");
    }

    [Fact]
    public void A_session_lives_until_its_last_watch_has_ended()
    {
        Job? job = null;
        Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("First", 1)
            .To(_ => job = StartJob()).Run();
        AssertGoesOn(job!);
        job!.StopJob();
        Assert.Equal(JobState.Stopped, job.JobStateInfo.State);
        job.Dispose();
        AssertFree("web01");
    }

    [Fact]
    public void A_session_that_was_opened_for_a_look_at_page_access_too()
    {
        Job? job = null;
        PipelineOutcome outcome = Pipeline.Of<GetXenMemAccessCommand>("web01", "0x100").To(_ => job = StartJob()).Run();
        Assert.Single(outcome.Output);
        AssertGoesOn(job!);
        job!.Dispose();
        AssertFree("web01");
    }

    [Fact]
    public void The_last_two_watches_end_at_the_same_time()
    {
        for (int i = 0; i < 20; i++)
        {
            BackgroundRun[] runs = [.. Enumerable.Range(0, 2).Select(_ => new BackgroundRun(Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("First", 3)))];
            Assert.All(runs.Select(r => r.Finish(Patience)), o => Assert.Equal((3, 0), (o.Output.Count, o.Errors.Count)));
        }

        AssertFree("web01");
    }

    [Fact]
    public void Connecting_ends_watches_with_an_error()
    {
        using Job job = StartJob();
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid")
            .To(_ => Pipeline.Of<ConnectXenHostCommand>().With("Simulated").Run()).Run();
        Refused(outcome, XenErrorId.SessionEnded, ErrorCategory.ConnectionError);
        Until(() => job.JobStateInfo.State == JobState.Failed);
        Assert.StartsWith("SessionEnded", Assert.Single(job.Error.ReadAll()).FullyQualifiedErrorId, StringComparison.Ordinal);
        AssertFree("web01");
    }

    [Fact]
    public void A_watch_that_has_all_it_wanted_is_not_cut_off()
    {
        Enable("web01");
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("First", 1)
            .To(_ => Pipeline.Of<DisableXenMonitorCommand>("web01").Run()).Run();
        Assert.Single(outcome.Output);
        Assert.Empty(outcome.Errors);
    }

    private static Job StartJob() => Assert.Single(Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("AsJob").Run().OutputOf<Job>());

    /// <summary>It gets events that were raised from now on, more than may have waited already.</summary>
    private static void AssertGoesOn(Job job)
    {
        DateTimeOffset now = DateTimeOffset.Now;
        Until(() => job.Output.ReadAll().Any(e => ((VmEvent)e.BaseObject).Time > now));
        Assert.Equal(JobState.Running, job.JobStateInfo.State);
    }
}
