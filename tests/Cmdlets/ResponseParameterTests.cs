using System.Collections;
using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>What the parameters of Set-XenVmEventResponse make of a response.</summary>
public sealed class ResponseParameterTests : CmdletTest
{
    private static readonly int[] ReadData = [1, 2, 255];

    [Fact]
    public void Each_parameter_says_its_part()
    {
        Assert.Equal(VmEventResponse.Continue, Given("Cpuid", ("Continue", null)));
        Assert.Equal(VmEventResponse.Continue with { GetNextInterrupt = true }, Given("Cpuid", ("GetNextInterrupt", null)));
        Assert.Equal(
            VmEventResponse.Continue.WithRegister(SettableRegister.Rax, 0xffff_ffff).WithRegister(SettableRegister.Rip, 0xffff_ffff_8100_0000),
            Given("Cpuid", ("Register", new Hashtable { ["rax"] = 0xffff_ffffL, ["Rip"] = unchecked((long)0xffff_ffff_8100_0000) })));
        Assert.Equal(VmEventResponse.Skip, Given("SoftwareBreakpoint", ("Skip", null)));
        Assert.Equal(VmEventResponse.Reinject, Given("SoftwareBreakpoint", ("Reinject", null)));
        Assert.Equal(VmEventResponse.Emulate with { InstructionData = new byte[] { 0x90 } }, Given("SoftwareBreakpoint", ("InstructionData", 0x90)));
        Assert.Equal(VmEventResponse.Emulate with { EmulatedReadData = new byte[] { 1, 2, 255 } }, Given("DescriptorAccess", ("EmulatedReadData", ReadData)));
        Assert.Equal(
            VmEventResponse.Continue with { ResetForkState = true, ResetForkMemory = true },
            Given("Cpuid", ("ResetForkState", null), ("ResetForkMemory", null)));
        AssertFree("web01");
    }

    [Theory]
    [InlineData("View", 1)]
    [InlineData("View", 0)]
    [InlineData("FastSingleStepView", 1)]
    [InlineData("ResetVmTrace", null)]
    [InlineData("Skip", null)]
    [InlineData("InstructionData", 0x90)]
    public void What_makes_no_sense_for_the_event_is_refused(string parameter, object? value)
    {
        List<ErrorRecord> errors = [];
        Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("Hold").With("ResponseTimeout", 60).With("First", 1)
            .To(e => errors.Add(Refused(Answer((VmEvent)e!, (parameter, value)), XenErrorId.ResponseNotApplicable, ErrorCategory.InvalidOperation))).Run();
        Assert.Single(errors);
        AssertFree("web01");
    }

    [Fact]
    public void What_contradicts_itself_ends_the_cmdlet()
    {
        Enable("web01");
        Pipeline Answer() => Pipeline.Of<SetXenVmEventResponseCommand>("web01", "SoftwareBreakpoint");
        Ended(Answer().Run(), XenErrorId.ResponseNotApplicable, ErrorCategory.InvalidOperation);
        Ended(Answer().With("Skip").With("Reinject").Run(), XenErrorId.ResponseNotApplicable, ErrorCategory.InvalidOperation);
        Ended(Answer().With("Skip").With("InstructionData", 0x90).Run(), XenErrorId.ResponseNotApplicable, ErrorCategory.InvalidOperation);
        Ended(Answer().With("ToggleSingleStep").With("FastSingleStepView", 1).Run(), XenErrorId.ResponseNotApplicable, ErrorCategory.InvalidOperation);
        Ended(
            Answer().With("InstructionData", 0x90).With("Register", new Hashtable { ["Rax"] = 1 }).Run(),
            XenErrorId.ResponseNotApplicable,
            ErrorCategory.InvalidOperation);
    }

    [Fact]
    public void A_register_or_value_that_is_none_is_not_bound()
    {
        Hashtable[] none = [new() { ["Cr3"] = 1 }, new() { ["Rax"] = "much" }, new() { ["Rax"] = 1.5 }, new() { ["Rax"] = null }, []];
        foreach (Hashtable one in none)
        {
            NotBound(
                Pipeline.Of<SetXenVmEventResponseCommand>("web01", "Cpuid").With("Register", one).Run(), "ParameterArgumentTransformationError");
        }
    }

    [Fact]
    public void A_default_carries_them_too()
    {
        Enable("web01");
        Pipeline.Of<SetXenVmEventResponseCommand>("web01", "Cpuid").With("Register", new Hashtable { ["Rbx"] = 5UL }).Run();
        VmEvent one = Assert.Single(Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("First", 1).Run().OutputOf<VmEvent>());
        Assert.Equal("Continue, Rbx=0x5", one.Response!.Name);
    }

    /// <summary>The response that a held event was given.</summary>
    private static VmEventResponse? Given(string kind, params (string Name, object? Value)[] parameters)
    {
        VmEvent[] events = Pipeline.Of<WatchXenVmEventCommand>("web01", kind).With("Hold").With("ResponseTimeout", 60).With("First", 1)
            .To(e => Assert.Empty(Answer((VmEvent)e!, parameters).Errors)).Run().OutputOf<VmEvent>();
        Assert.Equal(ResponseState.Given, Assert.Single(events).ResponseState);
        return events[0].Response;
    }

    private static PipelineOutcome Answer(VmEvent held, params (string Name, object? Value)[] parameters)
    {
        Pipeline pipeline = Pipeline.Of<SetXenVmEventResponseCommand>(held);
        foreach ((string name, object? value) in parameters) _ = value is null ? pipeline.With(name) : pipeline.With(name, value);
        return pipeline.Run();
    }
}
