using System.Management.Automation;
using XenVmEvent.Abi;
using XenVmEvent.Cmdlets.Tests.StandIn;
using XenVmEvent.Events;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

public sealed class WatchJobTests : CmdletTest
{
    [Fact]
    public void A_job_has_the_events_and_is_over_after_the_last()
    {
        using Job job = Start(Watch().With("First", 20L));
        Assert.Equal("web01", job.Location);
        Assert.True(job.Finished.Wait(Patience));
        Assert.Equal(JobState.Completed, job.State);
        Assert.Equal(20, job.Output.ReadAll().Select(o => o.BaseObject).OfType<CpuidEvent>().Count());
        Assert.False(job.HasMoreData);
        AssertFree("web01");
    }

    [Fact]
    public void No_more_events_wait_in_a_job_than_its_buffer_holds()
    {
        using Job job = Start(Watch().With("BufferSize", 8).With("ResponseTimeout", TimeSpan.FromMilliseconds(20)));
        Assert.True(SpinWait.SpinUntil(() => job.Output.Count == 8, Patience));
        Assert.Equal(8, job.Output.ReadAll().Count);
        Assert.True(SpinWait.SpinUntil(() => job.Output.Count == 8, Patience));
        job.StopJob();
        Assert.Equal(JobState.Stopped, job.State);
        Assert.Equal(8, job.Output.Count);
        AssertFree("web01");
    }

    [Fact]
    public void The_end_of_the_domain_fails_a_job_and_says_why()
    {
        using Job job = Start(Watch());
        Assert.True(SpinWait.SpinUntil(() => job.Output.Count > 0, Patience));
        Host["web01"].Destroy();
        Assert.True(job.Finished.Wait(Patience));
        Assert.Equal(JobState.Failed, job.State);
        Assert.Equal("SessionEnded", Assert.Single(job.Error.ReadAll()).FullyQualifiedErrorId);
    }

    [Fact]
    public void A_job_that_is_removed_ends_its_watch()
    {
        Start(Watch()).Dispose();
        AssertFree("web01");
    }

    [Fact]
    public void Events_of_a_job_cannot_be_held() =>
        Ended(Watch().With("Hold", true).Run(), XenErrorId.NotSupported, ErrorCategory.NotImplemented);

    private static Pipeline Watch() => Pipeline.Of<WatchXenVmEventCommand>("web01", VmEventKind.Cpuid).With("AsJob", true);

    private static Job Start(Pipeline pipeline) => Assert.Single(pipeline.Run().OutputOf<Job>());
}
