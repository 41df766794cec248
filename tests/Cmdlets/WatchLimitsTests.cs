using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>How long a watch runs, how much it keeps, and how long an event can be held.</summary>
public sealed class WatchLimitsTests : CmdletTest
{
    [Fact]
    public void A_duration_may_be_longer_than_any_timer()
    {
        Pipeline pipeline = Pipeline.Of<WatchXenVmEventCommand>("web01", "WriteControlRegister")
            .With("Register", "CR4").With("IgnoredBits", ulong.MaxValue).With("Duration", TimeSpan.MaxValue);
        BackgroundRun run = new(pipeline);
        Until(() => Host["web01"].IsMonitored);
        AssertRuns("web01");
        Assert.False(run.IsOver);
        pipeline.Stop();
        PipelineOutcome outcome = run.Finish(Patience);
        Assert.Equal(PSInvocationState.Stopped, outcome.State);
    }

    [Theory]
    [InlineData("Ring")]
    [InlineData("Slotted")]
    public void A_full_buffer_slows_the_guest_and_loses_nothing(string channel)
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("db01", "Cpuid")
            .With("BufferSize", 1).With("Channel", channel).With("ResponseTimeout", 60).With("First", 50).Run();
        Assert.Equal(50, outcome.Output.Count);
        Assert.Empty(outcome.Warnings);
        AssertFree("db01");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void What_the_pipeline_does_not_take_in_time_is_warned_about(int first)
    {
        bool isFirst = true;
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid")
            .With("BufferSize", 1).With("ResponseTimeout", 0.01).With("First", first)
            .To(_ =>
            {
                if (isFirst) Until(() => Monitors()[0].Dropped > 0);
                isFirst = false;
            })
            .Run();
        Assert.Equal(first, outcome.Output.Count);
        Assert.Contains(outcome.Warnings, w => w.Contains("lost", StringComparison.Ordinal));
        AssertFree("web01");
    }

    [Fact]
    public void An_answer_that_comes_after_the_deadline_is_refused()
    {
        PipelineOutcome Answer(object? e) => Pipeline.Of<SetXenVmEventResponseCommand>().With("Continue").From(e).Run();
        VmEvent vmEvent = Assert.Single(Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("Hold").With("ResponseTimeout", 0.05).With("First", 1).To(e =>
        {
            Until(() => ((VmEvent)e!).ResponseState == ResponseState.TimedOut);
            Refused(Answer(e), XenErrorId.AlreadyAnswered, ErrorCategory.InvalidOperation);
        }).Run().OutputOf<VmEvent>());
        Assert.Same(VmEventResponse.Continue, vmEvent.Response);
        ErrorRecord error = Refused(Answer(vmEvent), XenErrorId.AlreadyAnswered, ErrorCategory.InvalidOperation);
        Assert.Same(vmEvent, error.TargetObject);
        AssertFree("web01");
    }
}
