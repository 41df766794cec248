using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Simulation;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>However a watch ends, everything is given back.</summary>
public sealed class EndingTests : CmdletTest
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Stopped_while_nothing_comes(bool hold)
    {
        Pipeline pipeline = Pipeline.Of<WatchXenVmEventCommand>("*", "WriteControlRegister")
            .With("Register", "CR4").With("IgnoredBits", ulong.MaxValue).With("Hold", hold);
        BackgroundRun run = new(pipeline);
        Until(() => Host.Domains.All(d => d.IsMonitored));
        pipeline.Stop();
        PipelineOutcome outcome = run.Finish(Patience);
        Assert.Equal(PSInvocationState.Stopped, outcome.State);
        Assert.Empty(outcome.Output);
        AssertFree("web01");
        AssertFree("db01");
    }

    [Theory]
    [InlineData("Ring")]
    [InlineData("Slotted")]
    public void Stopped_while_events_are_held(string channel)
    {
        using ManualResetEventSlim isHeld = new();
        using ManualResetEventSlim isStopped = new();
        VmEvent? held = null;
        Pipeline pipeline = Pipeline.Of<WatchXenMemAccessCommand>("db01", "Write,Execute").With("Hold").With("ResponseTimeout", 60).With("Channel", channel)
            .To(e =>
            {
                held = (VmEvent)e!;
                isHeld.Set();
                isStopped.Wait(Patience);
            });
        BackgroundRun run = new(pipeline);
        Assert.True(isHeld.Wait(Patience));
        pipeline.Stop();
        isStopped.Set();
        PipelineOutcome outcome = run.Finish(Patience);
        Assert.Equal(PSInvocationState.Stopped, outcome.State);
        Assert.Equal(ResponseState.Released, held!.ResponseState);
        AssertFree("db01");
    }

    [Theory]
    [InlineData("Ring", false)]
    [InlineData("Ring", true)]
    [InlineData("Slotted", false)]
    [InlineData("Slotted", true)]
    public void Enough_down_the_pipeline(string channel, bool hold)
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenMemAccessCommand>("db01", "Write").With("Channel", channel).With("Hold", hold)
            .With("ResponseTimeout", 60).SelectFirst(3).Run();
        Assert.Equal((PSInvocationState.Completed, 3), (outcome.State, outcome.Output.Count));
        AssertFree("db01");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_exception_down_the_pipeline(bool hold)
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenMemAccessCommand>("web01", "Write").With("Hold", hold).With("ResponseTimeout", 60)
            .To(_ => throw new InvalidOperationException("No more!")).Run();
        Assert.Equal(PSInvocationState.Failed, outcome.State);
        Assert.Equal("No more!", outcome.TerminatingError!.Exception.Message);
        AssertFree("web01");
    }

    [Fact]
    public void An_exception_of_the_engine_s_own_type_down_the_pipeline()
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid")
            .To(_ => throw new XenException(XenErrorId.Unexpected, "Not Xen's.", "None.")).Run();
        Assert.Equal(PSInvocationState.Failed, outcome.State);
        Assert.Equal("Not Xen's.", outcome.TerminatingError!.Exception.Message);
        Assert.Empty(outcome.Errors);
        AssertFree("web01");
    }

    [Fact]
    public void The_domain_is_gone()
    {
        XenDomain domain = Host["web01"].Identity;
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").To(_ => Host["web01"].Destroy()).Run();
        ErrorRecord error = Refused(outcome, XenErrorId.SessionEnded, ErrorCategory.ConnectionError);
        Assert.Equal(domain, error.TargetObject);
        Assert.Empty(Monitors());
        Assert.Null(Host.Crash);
    }

    [Fact]
    public void The_domain_reboots()
    {
        bool rebooted = false;
        PipelineOutcome outcome = Pipeline.Of<WatchXenMemAccessCommand>("web01", "Write").To(_ =>
        {
            if (!rebooted) Host.Reboot("web01");
            rebooted = true;
        }).Run();
        ErrorRecord error = Refused(outcome, XenErrorId.SessionEnded, ErrorCategory.ConnectionError);
        Assert.Equal("The domain web01 (id 1) has rebooted.", error.Exception.Message);
        Assert.Equal("It is web01 (id 3) now: watch that.", error.ErrorDetails!.RecommendedAction);
        Assert.Empty(Monitors());
        AssertFree("web01");
    }

    [Fact]
    public void One_of_two_domains_is_gone()
    {
        bool seen = false;
        Pipeline pipeline = Pipeline.Of<WatchXenVmEventCommand>("*", "Cpuid");
        BackgroundRun run = new(pipeline.To(e =>
        {
            Host["db01"].Destroy();
            if (((VmEvent)e!).Domain == "web01") seen = true;
        }));
        Until(() => Volatile.Read(ref seen));
        Assert.False(run.IsOver);
        pipeline.Stop();
        run.Finish(Patience);
        AssertFree("web01");
    }

    [Fact]
    public void The_channel_is_corrupt()
    {
        // One vCPU, for another's next event would mend the index.
        Use(new SimulationOptions { Domains = [new() { Id = 1, Name = "web01" }] });
        Host["web01"].Faults.TearAtEvent = 5;
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("Channel", "Ring").Run();
        Assert.Contains(outcome.Errors, e => e.FullyQualifiedErrorId == "CorruptChannel,XenVmEvent.PS.WatchXenVmEventCommand" && e.CategoryInfo.Category == ErrorCategory.InvalidData);
        Assert.Empty(Monitors());
        Assert.Null(Host.Crash);
    }

    [Fact]
    public void A_session_of_before_is_left_open()
    {
        Enable("web01");
        Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").SelectFirst(1).Run();
        Pipeline.Of<WatchXenMemAccessCommand>("web01", "Write").With("First", 3).Run();
        Assert.Single(Monitors());
        Assert.True(Host["web01"].IsMonitored);
        AssertRuns("web01");
        Pipeline.Of<DisableXenMonitorCommand>("web01").Run();
        AssertFree("web01");
    }

    [Fact]
    public void The_session_is_disabled_under_a_watch()
    {
        Enable("web01");
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("Hold").To(_ => Pipeline.Of<DisableXenMonitorCommand>("web01").Run()).Run();
        Refused(outcome, XenErrorId.SessionEnded, ErrorCategory.ConnectionError);
        AssertFree("web01");
    }

    [Fact]
    public void A_cmdlet_that_never_ran_is_disposed()
    {
        new WatchXenMemAccessCommand().Dispose();
        using WatchXenVmEventCommand twice = new();
        twice.Dispose();
        new SetXenVmEventResponseCommand().Dispose();
    }

    [Fact]
    public void Removing_the_module_ends_all_sessions_and_watches()
    {
        SimulatedHypervisor host = Host;
        Enable("db01");
        BackgroundRun run = new(Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("Hold"));
        Until(() => host["web01"].IsMonitored);
        ModuleLifetime module = new();
        module.OnRemove(null!);
        PipelineOutcome outcome = run.Finish(Patience);
        Assert.Equal(PSInvocationState.Completed, outcome.State);
        Assert.DoesNotContain(host.Domains, d => d.IsMonitored);
        Assert.Empty(XenHost.Sessions);
        Assert.Null(host.Crash);
        module.OnImport();
        Assert.Same(host, XenHost.Current);
    }
}
