using System.Management.Automation;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>Set-XenVmEventResponse on a session.</summary>
public sealed class DefaultResponseTests : CmdletTest
{
    private static readonly string[] RegisterKinds = ["WriteControlRegister", "MovToMsr"];

    [Fact]
    public void A_default_answers_what_nobody_holds_and_what_the_pipeline_leaves()
    {
        Pipeline.Of<EnableXenMonitorCommand>("web01").With("ResponseTimeout", 60).Run();
        Assert.Empty(Pipeline.Of<SetXenVmEventResponseCommand>("web01", RegisterKinds).With("Deny").Run().Errors);
        VmEvent[] seen = Watch();
        Assert.All(seen, e => Assert.Equal((ResponseState.Default, VmEventResponse.Deny), (e.ResponseState, e.Response)));
        VmEvent[] held = Watch("Hold");
        Assert.All(held, e => Assert.Equal((ResponseState.Released, VmEventResponse.Deny), (e.ResponseState, e.Response)));

        Pipeline.Of<SetXenVmEventResponseCommand>("w*", "WriteControlRegister").With("Continue").Run();
        Assert.All(Watch(), e => Assert.Equal(VmEventResponse.Continue, e.Response));
        Pipeline.Of<DisableXenMonitorCommand>("web01").Run();
        AssertFree("web01");
    }

    [Fact]
    public void A_default_that_makes_no_sense_for_a_kind_is_refused_for_that_kind()
    {
        Enable("web01");
        PipelineOutcome outcome = Pipeline.Of<SetXenVmEventResponseCommand>()
            .With("Domain", "web01").With("Event", new[] { VmEventKind.Cpuid, VmEventKind.WriteControlRegister }).With("Deny").Run();
        ErrorRecord error = Refused(outcome, XenErrorId.ResponseNotApplicable, ErrorCategory.InvalidOperation);
        Assert.Equal(Host["web01"].Identity, error.TargetObject);
        Assert.All(Watch(), e => Assert.Equal(VmEventResponse.Deny, e.Response));
    }

    [Fact]
    public void A_domain_that_is_not_monitored_has_no_defaults()
    {
        ErrorRecord error = Refused(
            Pipeline.Of<SetXenVmEventResponseCommand>("web01", "Cpuid").With("Continue").Run(), XenErrorId.SessionEnded, ErrorCategory.ConnectionError);
        Assert.Contains("Enable-XenMonitor", error.ErrorDetails!.RecommendedAction, StringComparison.Ordinal);
        Assert.Empty(Pipeline.Of<SetXenVmEventResponseCommand>("*", "Cpuid").With("Continue").Run().Errors);
    }

    [Fact]
    public void WhatIf_sets_nothing()
    {
        Enable("web01");
        PipelineOutcome outcome = Pipeline.Of<SetXenVmEventResponseCommand>("web01", RegisterKinds).With("Deny").With("WhatIf").Run();
        Assert.Equal(2, outcome.WhatIf.Count);
        Assert.All(Watch(), e => Assert.Equal(VmEventResponse.Continue, e.Response));
    }

    [Fact]
    public void A_domain_without_a_kind_is_not_bound()
    {
        NotBound(Pipeline.Of<SetXenVmEventResponseCommand>().With("Domain", "web01").With("Deny").Run(), "MissingMandatoryParameter");
        NotBound(Pipeline.Of<SetXenVmEventResponseCommand>().With("Deny").Run(), "MissingMandatoryParameter");
        NotBound(Pipeline.Of<SetXenVmEventResponseCommand>("web01", "Cpuid", "more").With("Deny").Run(), "PositionalParameterNotFound");
    }

    private static VmEvent[] Watch(params string[] switches)
    {
        Pipeline pipeline = Pipeline.Of<WatchXenVmEventCommand>("web01", "WriteControlRegister").With("Register", "CR4").With("First", 5);
        foreach (string name in switches) pipeline.With(name);
        return pipeline.Run().OutputOf<VmEvent>();
    }
}
