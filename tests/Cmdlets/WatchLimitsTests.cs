using System.Management.Automation;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>When a watch ends by itself, and how much it keeps.</summary>
public sealed class WatchLimitsTests : CmdletTest
{
    [Theory]
    [InlineData(1)]
    [InlineData(17L)]
    [InlineData("17")]
    public void First_is_how_many(object first)
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("First", first).Run();
        Assert.Equal(long.Parse($"{first}", System.Globalization.CultureInfo.InvariantCulture), outcome.Output.Count);
        AssertFree("web01");
    }

    [Theory]
    [InlineData(0.2)]
    [InlineData("0.2")]
    [InlineData("00:00:00.2")]
    public void Duration_is_how_long(object duration)
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("Duration", duration).Run();
        Assert.Equal(PSInvocationState.Completed, outcome.State);
        Assert.Empty(outcome.Errors);
        AssertFree("web01");
    }

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
    [InlineData("First", 0, "ParameterArgumentValidationError")]
    [InlineData("First", -1, "ParameterArgumentValidationError")]
    [InlineData("First", "two", "CannotConvertArgumentNoMessage")]
    [InlineData("First", 1e30, "CannotConvertArgumentNoMessage")]
    [InlineData("Duration", 0, "ParameterArgumentValidationError")]
    [InlineData("Duration", -1, "ParameterArgumentValidationError")]
    [InlineData("Duration", double.NaN, "ParameterArgumentTransformationError")]
    [InlineData("Duration", null, "ParameterArgumentValidationError")]
    [InlineData("ResponseTimeout", 0, "ParameterArgumentValidationError")]
    [InlineData("BufferSize", 0, "ParameterArgumentValidationError")]
    [InlineData("BufferSize", (1 << 24) + 1, "ParameterArgumentValidationError")]
    public void Limits_that_are_none_are_not_bound(string parameter, object? value, string errorId) =>
        NotBound(Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With(parameter, value).Run(), errorId);

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
}
