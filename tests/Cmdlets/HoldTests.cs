using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>Watch with -Hold, and Set-XenVmEventResponse on the events.</summary>
public sealed class HoldTests : CmdletTest
{
    [Theory]
    [InlineData("Ring")]
    [InlineData("Slotted")]
    public void The_pipeline_answers(string channel)
    {
        List<(ResponseState Before, ResponseState After)> states = [];
        PipelineOutcome outcome = Held("Cpuid", e =>
        {
            ResponseState before = e.ResponseState;
            Assert.Null(e.Response);
            Assert.Empty(Answer(e, "Continue").Errors);
            states.Add((before, e.ResponseState));
        }).With("Channel", channel).With("First", 10).Run();
        Assert.Equal(PSInvocationState.Completed, outcome.State);
        Assert.Equal(Enumerable.Repeat((ResponseState.Held, ResponseState.Given), 10), states);
        AssertFree("web01");
    }

    [Fact]
    public void What_the_pipeline_leaves_gets_the_default()
    {
        VmEvent[] events = Held("Cpuid", _ => { }).With("First", 10).Run().OutputOf<VmEvent>();
        Assert.All(events, e => Assert.Equal((ResponseState.Released, VmEventResponse.Continue), (e.ResponseState, e.Response)));
        AssertFree("web01");
    }

    [Fact]
    public void A_denied_write_is_not_done()
    {
        VmEvent[] events = Held("WriteControlRegister", e => Answer(e, "Deny")).With("Register", "CR4").With("First", 20).Run().OutputOf<VmEvent>();
        foreach (IGrouping<uint, WriteControlRegisterEvent> writes in events.Cast<WriteControlRegisterEvent>().GroupBy(e => e.VCpu))
        {
            Assert.All(writes, e => Assert.Equal(writes.First().OldValue, e.OldValue));
        }

        AssertFree("web01");
    }

    [Fact]
    public void A_write_that_was_let_through_is_done()
    {
        VmEvent[] events = Held("WriteControlRegister", e => Answer(e, "Continue")).With("Register", "CR4").With("First", 20).Run().OutputOf<VmEvent>();
        foreach (IGrouping<uint, WriteControlRegisterEvent> writes in events.Cast<WriteControlRegisterEvent>().GroupBy(e => e.VCpu))
        {
            Assert.Equal(writes.SkipLast(1).Select(e => e.NewValue), writes.Skip(1).Select(e => e.OldValue));
        }
    }

    [Theory]
    [InlineData("Emulate")]
    [InlineData("EmulateNoWrite")]
    [InlineData("Continue")]
    public void Page_accesses_take_these_answers(string response)
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenMemAccessCommand>("web01", "Write").With("Hold").With("ResponseTimeout", 60)
            .With("Gfn", "0x100-0x10f").With("First", 5)
            .To(e => Assert.Empty(Answer((VmEvent)e!, response).Errors)).Run();
        Assert.All(outcome.OutputOf<VmEvent>(), e => Assert.Equal(response, e.Response!.Name));
        Assert.Equal(5, outcome.Output.Count);
        AssertFree("web01");
    }

    [Fact]
    public void An_answer_that_makes_no_sense_is_refused_and_the_event_gets_its_default()
    {
        List<ErrorRecord> errors = [];
        VmEvent[] events = Held("Cpuid", e => errors.Add(Refused(Answer(e, "Deny"), XenErrorId.ResponseNotApplicable, ErrorCategory.InvalidOperation)))
            .With("First", 3).Run().OutputOf<VmEvent>();
        Assert.Equal(events, errors.Select(e => e.TargetObject));
        Assert.All(errors, e => Assert.Equal("ResponseNotApplicable,XenVmEvent.PS.SetXenVmEventResponseCommand", e.FullyQualifiedErrorId));
        Assert.All(events, e => Assert.Same(VmEventResponse.Continue, e.Response));
        AssertFree("web01");
    }

    [Fact]
    public void An_answer_that_comes_too_late_is_refused()
    {
        VmEvent vmEvent = Assert.Single(Held("Cpuid", e =>
        {
            Until(() => e.ResponseState == ResponseState.TimedOut);
            Refused(Answer(e, "Continue"), XenErrorId.AlreadyAnswered, ErrorCategory.InvalidOperation);
        }, timeout: 0.05).With("First", 1).Run().OutputOf<VmEvent>());
        Assert.Same(VmEventResponse.Continue, vmEvent.Response);
        ErrorRecord error = Refused(Answer(vmEvent, "Continue"), XenErrorId.AlreadyAnswered, ErrorCategory.InvalidOperation);
        Assert.Same(vmEvent, error.TargetObject);
        AssertFree("web01");
    }

    [Fact]
    public void An_event_is_answered_once_and_only_when_held()
    {
        Held("Cpuid", e =>
        {
            Answer(e, "Continue");
            Refused(Answer(e, "Continue"), XenErrorId.AlreadyAnswered, ErrorCategory.InvalidOperation);
        }).With("First", 1).Run();
        VmEvent seen = Assert.Single(Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("First", 1).Run().OutputOf<VmEvent>());
        Refused(Answer(seen, "Continue"), XenErrorId.AlreadyAnswered, ErrorCategory.InvalidOperation);
    }

    [Fact]
    public void Several_events_are_answered_each()
    {
        Held("Cpuid", e =>
        {
            PipelineOutcome outcome = Pipeline.Of<SetXenVmEventResponseCommand>().With("Continue").From(e, "no event", e).Run();
            Assert.Equal(
                ["InputObjectNotBound,XenVmEvent.PS.SetXenVmEventResponseCommand", "AlreadyAnswered,XenVmEvent.PS.SetXenVmEventResponseCommand"],
                outcome.Errors.Select(r => r.FullyQualifiedErrorId));
            Assert.Equal(ResponseState.Given, e.ResponseState);
        }).With("First", 1).Run();
    }

    [Fact]
    public void The_event_may_be_an_argument()
    {
        VmEvent vmEvent = Assert.Single(
            Held("Cpuid", e => Pipeline.Of<SetXenVmEventResponseCommand>(e).With("Continue").Run()).With("First", 1).Run().OutputOf<VmEvent>());
        Assert.Equal(ResponseState.Given, vmEvent.ResponseState);
    }

    [Fact]
    public void WhatIf_answers_nothing()
    {
        VmEvent vmEvent = Assert.Single(Held("WriteControlRegister", e =>
        {
            PipelineOutcome outcome = Pipeline.Of<SetXenVmEventResponseCommand>().With("Deny").With("WhatIf").From(e).Run();
            Assert.Contains("\"Answer Deny\"", Assert.Single(outcome.WhatIf), StringComparison.Ordinal);
            Assert.Equal(ResponseState.Held, e.ResponseState);
        }).With("First", 1).Run().OutputOf<VmEvent>());
        Assert.Equal((ResponseState.Released, VmEventResponse.Continue), (vmEvent.ResponseState, vmEvent.Response));
    }

    [Fact]
    public void One_answer_has_to_be_named()
    {
        Ended(Pipeline.Of<SetXenVmEventResponseCommand>("web01", "Cpuid").Run(), XenErrorId.ResponseNotApplicable, ErrorCategory.InvalidOperation);
        Ended(
            Pipeline.Of<SetXenVmEventResponseCommand>("web01", "Cpuid").With("Continue").With("Deny").Run(),
            XenErrorId.ResponseNotApplicable,
            ErrorCategory.InvalidOperation);
    }

    /// <summary>A watch whose deadline is not reached unless meant.</summary>
    private static Pipeline Held(string kind, Action<VmEvent> downstream, double timeout = 60) =>
        Pipeline.Of<WatchXenVmEventCommand>("web01", kind).With("Hold").With("ResponseTimeout", timeout).To(e => downstream((VmEvent)e!));

    private static PipelineOutcome Answer(VmEvent vmEvent, string response) =>
        Pipeline.Of<SetXenVmEventResponseCommand>().With(response).From(vmEvent).Run();
}
