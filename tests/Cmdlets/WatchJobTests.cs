using System.Management.Automation;
using XenVmEvent.Abi;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

public sealed class WatchJobTests : CmdletTest
{
    [Fact]
    public void No_more_events_wait_in_a_job_than_its_buffer_holds()
    {
        using Job job = Assert.Single(Pipeline.Of<WatchXenVmEventCommand>("web01", VmEventKind.Cpuid).With("AsJob")
            .With("BufferSize", 8).With("ResponseTimeout", TimeSpan.FromMilliseconds(20)).Run().OutputOf<Job>());
        Until(() => job.Output.Count == 8);
        Assert.Equal(8, job.Output.ReadAll().Count);
        Until(() => job.Output.Count == 8);
        job.StopJob();
        Assert.Equal(JobState.Stopped, job.JobStateInfo.State);
        Assert.Equal(8, job.Output.Count);
        AssertFree("web01");
    }
}
