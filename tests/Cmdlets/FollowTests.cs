using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;
using XenVmEvent.PS;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>Watches that follow guests.</summary>
public sealed class FollowTests : CmdletTest
{
    [Fact]
    public void Guests_that_start_and_reboot_are_watched_too()
    {
        Pipeline pipeline = Pipeline.Of<WatchXenVmEventCommand>("WEB*", "Cpuid").With("Follow").To(_ => { });
        BackgroundRun run = new(pipeline);
        Until(() => Host["web01"].IsMonitored);
        SimulatedDomain later = Host.Create(Guest("web02"));
        SimulatedDomain again = Host.Reboot("web01");
        Until(() => later.IsMonitored && again.IsMonitored);
        Assert.False(Host["db01"].IsMonitored);
        pipeline.Stop();
        Assert.Empty(run.Finish(Patience).Errors);
        AssertFree("web01");
        AssertFree("web02");
    }

    [Fact]
    public void A_guest_need_not_exist_yet()
    {
        BackgroundRun run = new(Pipeline.Of<WatchXenMemAccessCommand>("later", "Write").With("Follow").With("Disassemble").With("First", 3));
        SimulatedDomain later = Host.Create(Guest("later"));
        Until(() => run.IsOver);
        PipelineOutcome outcome = run.Finish(Patience);
        Assert.Empty(outcome.Errors);
        Assert.Equal(3, outcome.OutputOf<MemAccessEvent>().Count(e => e.DomainId == later.Identity.Id));
        AssertFree("later");
    }

    [Fact]
    public void It_ends_in_time_though_nothing_starts()
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("later*", "Cpuid").With("Follow").With("Duration", 0.1).Run();
        Assert.Equal(PSInvocationState.Completed, outcome.State);
        Assert.Empty(outcome.Output);
        Assert.Empty(outcome.Errors);
    }

    [Fact]
    public void A_guest_that_has_another_listener_is_warned_of_once_and_watched_when_it_has_none()
    {
        using MonitorSession other = MonitorSession.Start(Host, Host["web01"].Identity);
        BackgroundRun run = new(Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("Follow").With("First", 5));
        Host.Create(Guest("other"));
        Thread.Sleep(200);
        other.Stop();
        PipelineOutcome outcome = run.Finish(Patience);
        Assert.Equal(5, outcome.Output.Count);
        Assert.Empty(outcome.Errors);
        Assert.InRange(outcome.Warnings.Count, 0, 1); // None if it looked only when the other was gone.
        Assert.All(outcome.Warnings, w => Assert.StartsWith("web01 (id 1) is not watched yet; it is tried again: ", w, StringComparison.Ordinal));
    }

    [Fact]
    public void A_domain_by_its_id_is_followed_when_it_reboots_and_one_that_does_not_exist_is_an_error()
    {
        Refused(Pipeline.Of<WatchXenVmEventCommand>(99, "Cpuid").With("Follow").Run(), XenErrorId.DomainNotFound, ErrorCategory.ObjectNotFound);
        Pipeline pipeline = Pipeline.Of<WatchXenVmEventCommand>(1, "Cpuid").With("Follow").To(_ => { });
        BackgroundRun run = new(pipeline);
        Until(() => Host["web01"].IsMonitored);
        SimulatedDomain again = Host.Reboot("web01");
        Until(() => again.IsMonitored);
        pipeline.Stop();
        run.Finish(Patience);
        AssertFree("web01");
    }

    [Fact]
    public void A_job_follows_too_until_it_is_stopped()
    {
        Job job = Assert.Single(Pipeline.Of<WatchXenVmEventCommand>("*01", "Cpuid").With("Follow").With("AsJob").Run().OutputOf<Job>());
        Assert.Equal("*01", job.Location);
        Until(() => Host.Domains.All(d => d.VCpus.Sum(v => v.Events) > 0));
        SimulatedDomain again = Host.Reboot("db01");
        Until(() => again.VCpus.Sum(v => v.Events) > 0 && IsTold(job, "db01 (id 2) has rebooted."));
        job.StopJob();
        Assert.Equal(JobState.Stopped, job.JobStateInfo.State);
        Assert.Empty(job.Error);
        job.Dispose();
        AssertFree("web01");
        AssertFree("db01");
    }

    [Fact]
    public void It_ends_when_the_cmdlets_turn_to_another_host()
    {
        BackgroundRun run = new(Pipeline.Of<WatchXenVmEventCommand>("*", "Cpuid").With("Follow").To(_ => { }));
        Until(() => Host.Domains.All(d => d.IsMonitored));
        Use(new SimulationOptions());
        PipelineOutcome outcome = run.Finish(Patience);
        Assert.Equal(PSInvocationState.Completed, outcome.State);
        Assert.DoesNotContain(Host.Domains, d => d.IsMonitored);
    }

    private static bool IsTold(Job job, string message) => Enumerable.Range(0, job.Verbose.Count).Any(i => job.Verbose[i].Message == message);

    private static SimulatedDomainOptions Guest(string name) => new() { Id = 1, Name = name, VCpus = 2 };
}
