using System.Management.Automation;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.PS;
using XenVmEvent.Simulation;
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

    [Fact]
    public void Disabled_while_a_pipeline_that_was_stopped_is_busy_with_a_held_event()
    {
        using ManualResetEventSlim isHeld = new();
        using ManualResetEventSlim isOver = new();
        VmEvent? held = null;
        Pipeline pipeline = Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("Hold").With("ResponseTimeout", 600).To(e =>
        {
            held = (VmEvent)e!;
            isHeld.Set();
            isOver.Wait(Patience);
        });
        BackgroundRun run = new(pipeline);
        Assert.True(isHeld.Wait(Patience));
        Assert.Equal(ResponseState.Held, held!.ResponseState);
        pipeline.Stop();
        Pipeline.Of<DisableXenMonitorCommand>("web01").Run();
        Assert.Equal(ResponseState.Released, held.ResponseState);
        AssertFree("web01");
        isOver.Set();
        run.Finish(Patience);
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
        Assert.All(outcome.Output, e => Assert.IsType<CpuidEvent>(e));
        Assert.NotEmpty(outcome.Output);
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
        Assert.Single(Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("First", 1).Run().Output);
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

    [Theory]
    [InlineData("Ring")]
    [InlineData("Slotted")]
    public void The_channel_is_corrupt(string channel)
    {
        // One vCPU, for another's next event would mend the index.
        Use(new SimulationOptions { Domains = [new() { Id = 1, Name = "web01" }] });
        Host["web01"].Faults.TearAtEvent = 5;
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("Channel", channel).Run();
        Assert.Contains(outcome.Errors, e => e.FullyQualifiedErrorId == "CorruptChannel,XenVmEvent.PS.WatchXenVmEventCommand" && e.CategoryInfo.Category == ErrorCategory.InvalidData);
        Assert.Empty(Monitors());
        Assert.False(Host["web01"].IsMonitored);
        Assert.Null(Host.Crash);
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
    public void The_session_is_disabled_from_elsewhere()
    {
        Enable("web01");
        BackgroundRun run = new(Pipeline.Of<WatchXenMemAccessCommand>("web01", "Write").With("Repeat"));
        Until(() => Monitors()[0].Events > 0);
        Pipeline.Of<DisableXenMonitorCommand>("web01").Run();
        Assert.Equal(PSInvocationState.Completed, run.Finish(Patience).State);
        AssertFree("web01");
    }

    [Fact]
    public void The_end_of_a_domain_under_a_registered_watch_is_told_by_the_next_cmdlet()
    {
        PipelineOutcome registered = Pipeline.Of<RegisterXenVmEventCommand>("web01", VmEventKind.Cpuid).Run();
        Assert.Null(registered.TerminatingError);
        Assert.Empty(registered.Errors);
        Host["web01"].Destroy();
        Until(() => !XenHost.Warnings.IsEmpty);
        Assert.Contains("A registered watch has ended", Assert.Single(Pipeline.Of<GetXenDomainCommand>().Run().Warnings), StringComparison.Ordinal);
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
