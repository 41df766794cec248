using System.Management.Automation;
using XenVmEvent.Cmdlets.Tests.StandIn;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests.StandInTests;

/// <summary>The stand-in does what PowerShell 7.6 does with the same cmdlet.</summary>
public sealed class PipelineTests
{
    [Fact]
    public void Without_input_a_record_is_processed_once() => Runs(Pipeline.Of<ProbeCommand>(), "begin, process 7, end, dispose", 3);

    [Fact]
    public void With_empty_input_none_is_processed() => Runs(Pipeline.Of<ProbeCommand>().From(), "begin, end, dispose", 3);

    [Fact]
    public void Input_is_processed_one_by_one() => Runs(Pipeline.Of<ProbeCommand>().From(1, new { Id = 2 }, "3"), "begin, process 1, process 2, process 3, end, dispose", 3);

    [Fact]
    public void Enough_down_the_pipeline_stops_it_where_it_writes() =>
        Runs(Pipeline.Of<ProbeCommand>().SelectFirst(2), "begin, process 7, end, stopped False, dispose", 2);

    [Fact]
    public void An_exception_down_the_pipeline_stops_it_where_it_writes()
    {
        PipelineOutcome outcome = Pipeline.Of<ProbeCommand>().To(_ => throw new FormatException("x")).Run();
        Assert.Equal("begin, process 7, end, stopped False, dispose", string.Join(", ", ProbeCommand.Log));
        Assert.Equal(PipelineState.Failed, outcome.State);
    }

    [Fact]
    public void A_terminating_error_ends_it()
    {
        PipelineOutcome outcome = Pipeline.Of<ProbeCommand>().With("Terminate").Run();
        Assert.Equal("begin, dispose", string.Join(", ", ProbeCommand.Log));
        Assert.Equal("Tid,XenVmEvent.Cmdlets.Tests.StandInTests.ProbeCommand", outcome.TerminatingError!.FullyQualifiedErrorId);
    }

    [Fact]
    public void An_exception_ends_it()
    {
        PipelineOutcome outcome = Pipeline.Of<ProbeCommand>().With("Throw").Run();
        Assert.Equal("System.ArgumentException,XenVmEvent.Cmdlets.Tests.StandInTests.ProbeCommand", outcome.TerminatingError!.FullyQualifiedErrorId);
        Assert.Equal(ErrorCategory.NotSpecified, outcome.TerminatingError.CategoryInfo.Category);
    }

    [Fact]
    public void WhatIf_is_told_and_nothing_is_done()
    {
        PipelineOutcome outcome = Pipeline.Of<ProbeCommand>().With("WhatIf").Run();
        Assert.Empty(outcome.Output);
        Assert.Equal("What if: Performing the operation \"Write\" on target \"0\".", outcome.WhatIf[0]);
    }

    [Theory]
    [InlineData("Number", 0, "ParameterArgumentValidationError")]
    [InlineData("Number", "two", "CannotConvertArgumentNoMessage")]
    [InlineData("Number", 3e9, "CannotConvertArgumentNoMessage")]
    [InlineData("Day", "Someday", "CannotConvertArgumentNoMessage")]
    [InlineData("Access", 9, "CannotConvertArgumentNoMessage")]
    [InlineData("Time", "soon", "CannotConvertArgumentNoMessage")]
    [InlineData("Nope", 1, "NamedParameterNotFound")]
    public void What_cannot_be_bound_is_an_error_and_the_cmdlet_is_disposed(string parameter, object value, string errorId)
    {
        ProbeCommand.Log.Clear();
        PipelineOutcome outcome = Pipeline.Of<ProbeCommand>().With(parameter, value).Run();
        Assert.StartsWith(errorId + ",", outcome.TerminatingError!.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(["dispose"], ProbeCommand.Log);
    }

    [Fact]
    public void What_the_stand_in_does_not_do_it_throws_on()
    {
        Throws(Pipeline.Of<ProbeCommand>().With("Confirm"));
        Throws(Pipeline.Of<ProbeCommand>().With("ErrorAction", "Stop"));
        Throws(Pipeline.Of<ProbeCommand>().With("Num", 5));
        Throws(Pipeline.Of<ProbeCommand>().With("Day", "Mon"));
        Throws(Pipeline.Of<ProbeCommand>().With("Time", 5));
        Throws(Pipeline.Of<ProbeCommand>().With("Number", "1e1"));
        Throws(Pipeline.Of<ProbeCommand>().With("Number", DayOfWeek.Monday));
        Throws(Pipeline.Of<ProbeCommand>().With("Terminate", 1));
    }

    [Fact]
    public void Writing_from_another_thread_is_refused()
    {
        Pipeline pipeline = Pipeline.Of<ProbeCommand>();
        Assert.Throws<PSInvalidOperationException>(() => ((ICommandRuntime)pipeline).WriteObject(1));
    }

    private static void Runs(Pipeline pipeline, string expected, int written)
    {
        PipelineOutcome outcome = pipeline.Run();
        Assert.Equal(expected, string.Join(", ", ProbeCommand.Log));
        Assert.Equal((PipelineState.Completed, written), (outcome.State, outcome.Output.Count));
        Assert.Empty(outcome.Errors);
    }

    private static void Throws(Pipeline pipeline) => Assert.Throws<NotSupportedException>(pipeline.Run);
}
