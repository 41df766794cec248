using System.Management.Automation;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

public sealed class WatchXenVmEventTests : CmdletTest
{
    private const int Lstar = unchecked((int)0xc000_0082);

    private static readonly string[] Kinds = ["Cpuid", "SoftwareBreakpoint"];

    [Theory]
    [InlineData("Cpuid", typeof(CpuidEvent))]
    [InlineData("writecontrolregister", typeof(WriteControlRegisterEvent))]
    [InlineData("SoftwareBreakpoint", typeof(SoftwareBreakpointEvent))]
    [InlineData("DebugException", typeof(DebugExceptionEvent))]
    [InlineData("DescriptorAccess", typeof(DescriptorAccessEvent))]
    [InlineData("GuestRequest", typeof(GuestRequestEvent))]
    [InlineData("VmExit", typeof(VmExitEvent))]
    [InlineData("Io", typeof(IoEvent))]
    public void Each_kind_is_an_event_of_its_own_type(string kind, Type type)
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", kind).With("First", 5).Run();
        Assert.Empty(outcome.Errors);
        Assert.Equal(5, outcome.Output.Count);
        Assert.All(outcome.Output, e => Assert.IsType(type, e));
        AssertFree("web01");
    }

    [Theory]
    [InlineData("Ring")]
    [InlineData("Slotted")]
    public void Several_kinds_come_by_either_channel(string channel)
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", Kinds).With("Channel", channel).With("First", 100).Run();
        Assert.Equal(Kinds.Order(), outcome.OutputOf<VmEvent>().Select(e => e.Kind.ToString()).Distinct().Order());
        AssertFree("web01");
    }

    [Fact]
    public void Several_domains_are_watched_at_once()
    {
        HashSet<string> seen = [];
        Pipeline pipeline = Pipeline.Of<WatchXenVmEventCommand>().With("Event", "Cpuid").From("web01", Host["db01"].Identity);
        BackgroundRun run = new(pipeline.To(e =>
        {
            lock (seen) seen.Add(((VmEvent)e!).Domain);
        }));
        Until(() =>
        {
            lock (seen) return seen.Count == 2;
        });
        pipeline.Stop();
        run.Finish(Patience);
        AssertFree("web01");
        AssertFree("db01");
    }

    [Fact]
    public void A_domain_named_twice_is_watched_once()
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>().With("Event", "Cpuid").With("First", 3).With("Verbose").From("web01", 1, "w*").Run();
        Assert.Empty(outcome.Errors);
        Assert.Single(outcome.Verbose);
        Assert.Equal(3, outcome.OutputOf<VmEvent>().Select(e => (e.VCpu, e.Time)).Distinct().Count());
    }

    [Fact]
    public void One_domain_that_is_refused_does_not_keep_the_others()
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>().With("Event", "Cpuid").With("First", 3).From("nope", 0, "web01").Run();
        Assert.Equal(3, outcome.Output.Count);
        Assert.Equal(["DomainNotFound", "DomainNotSupported"], outcome.Errors.Select(e => ((XenException)e.Exception).Id.ToString()));
        AssertFree("web01");
    }

    [Fact]
    public void An_empty_pipeline_watches_nothing()
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>().With("Event", "Cpuid").From().Run();
        Assert.Empty(outcome.Output);
        Assert.Equal(PSInvocationState.Completed, outcome.State);
    }

    [Theory]
    [InlineData(Lstar)]
    [InlineData(0xc000_0082u)]
    [InlineData(0xc000_0082L)]
    [InlineData("0xc0000082")]
    public void The_number_of_an_MSR_is_its_bits(object msr)
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", "MovToMsr").With("Msr", msr).With("First", 2).Run();
        Assert.All(outcome.OutputOf<MovToMsrEvent>(), e => Assert.Equal(0xc000_0082u, e.Msr));
        Assert.Equal(2, outcome.Output.Count);
        AssertFree("web01");
    }

    [Fact]
    public void Several_MSRs_are_watched()
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", "MovToMsr")
            .With("Msr", new object[] { Lstar, 0x174 }).With("OnChangeOnly").With("First", 30).Run();
        Assert.Subset(new HashSet<uint> { 0xc000_0082, 0x174 }, outcome.OutputOf<MovToMsrEvent>().Select(e => e.Msr).ToHashSet());
        AssertFree("web01");
    }

    [Fact]
    public void Only_the_control_registers_named_are_watched()
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", "WriteControlRegister").With("Register", "cr4").With("First", 5).Run();
        Assert.All(outcome.OutputOf<WriteControlRegisterEvent>(), e => Assert.Equal(ControlRegister.CR4, e.Register));
        AssertFree("web01");
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(-1L)]
    [InlineData(ulong.MaxValue)]
    public void Writes_that_change_ignored_bits_alone_are_not_seen(object bits)
    {
        // -1 as an int is 32 bits, of which the guest changes no more either.
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", "WriteControlRegister")
            .With("Register", "CR4").With("IgnoredBits", bits).With("Duration", "00:00:00.2").Run();
        Assert.Equal(PSInvocationState.Completed, outcome.State);
        Assert.Empty(outcome.Output);
        AssertFree("web01");
    }

    [Fact]
    public void Kinds_that_lack_something_are_refused()
    {
        ErrorRecord error = Ended(Pipeline.Of<WatchXenVmEventCommand>("web01", "MemAccess").Run(), XenErrorId.InvalidArgument, ErrorCategory.InvalidArgument);
        Assert.Contains("Watch-XenMemAccess", error.ErrorDetails!.RecommendedAction, StringComparison.Ordinal);
        error = Ended(Pipeline.Of<WatchXenVmEventCommand>("web01", "MovToMsr").Run(), XenErrorId.InvalidArgument, ErrorCategory.InvalidArgument);
        Assert.Contains("-Msr", error.ErrorDetails!.RecommendedAction, StringComparison.Ordinal);
        NotBound(Pipeline.Of<WatchXenVmEventCommand>("web01", "WriteControlRegister").With("Register", Array.Empty<object>()).Run(), "ParameterArgumentValidationError");
        NotBound(Pipeline.Of<WatchXenVmEventCommand>("web01", "WriteControlRegister").With("Register", null).Run(), "ParameterArgumentValidationError");
        NotBound(Pipeline.Of<WatchXenVmEventCommand>("web01", "MovToMsr").With("Msr", null).Run(), "ParameterArgumentValidationError");
        NotBound(Pipeline.Of<WatchXenVmEventCommand>("web01", "MovToMsr").With("Msr", -1L).Run(), "CannotConvertArgumentNoMessage");
        NotBound(Pipeline.Of<WatchXenVmEventCommand>("web01", Array.Empty<object>()).Run(), "ParameterArgumentValidationErrorEmptyArrayNotAllowed");
        NotBound(Pipeline.Of<WatchXenVmEventCommand>("web01", 99).Run(), "CannotConvertArgumentNoMessage");
    }

    [Theory]
    [InlineData("Interrupt")]
    [InlineData("MemPaging")]
    [InlineData("MemSharing")]
    [InlineData("EmulUnimplemented")]
    [InlineData("SingleStep")]
    [InlineData("Unknown")]
    public void Kinds_that_do_not_come_of_themselves_can_be_watched(string kind)
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", kind).With("Duration", "00:00:00.05").Run();
        Assert.Equal(PSInvocationState.Completed, outcome.State);
        Assert.Empty(outcome.Output);
        Assert.Empty(outcome.Errors);
        AssertFree("web01");
    }

    [Fact]
    public void The_vCPUs_named_step_until_the_end()
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("db01", "SingleStep").With("VCpu", new object[] { 1, 3 }).With("First", 200).Run();
        Assert.Equal(200, outcome.Output.Count);
        Assert.Subset(new HashSet<uint> { 1, 3 }, outcome.OutputOf<SingleStepEvent>().Select(e => e.VCpu).ToHashSet());
        Assert.DoesNotContain(Host["db01"].VCpus, v => v.IsSingleStepping);
        AssertFree("db01");
    }

    [Fact]
    public void A_vCPU_that_the_domain_does_not_have_is_an_error_about_the_domain()
    {
        ErrorRecord error = Refused(
            Pipeline.Of<WatchXenVmEventCommand>("web01", "SingleStep").With("VCpu", 2).Run(), XenErrorId.InvalidVCpu, ErrorCategory.InvalidArgument);
        Assert.Equal(Host["web01"].Identity, error.TargetObject);
        AssertFree("web01");
    }

    [Theory]
    [InlineData("Register", "CR3", "WriteControlRegister")]
    [InlineData("ControlRegister", "CR3", "WriteControlRegister")]
    [InlineData("IgnoredBits", 0x80, "WriteControlRegister")]
    [InlineData("Msr", 0x174, "MovToMsr")]
    [InlineData("OnChangeOnly", null, "WriteControlRegister, MovToMsr")]
    [InlineData("Async", null, "GuestRequest")]
    [InlineData("AllowUserspace", null, "GuestRequest")]
    [InlineData("VCpu", 0, "SingleStep")]
    public void An_option_that_none_of_the_kinds_has_is_refused(string option, object? value, string kinds)
    {
        Pipeline pipeline = Pipeline.Of<WatchXenVmEventCommand>("web01", Kinds);
        ErrorRecord error = Ended((value is null ? pipeline.With(option) : pipeline.With(option, value)).Run(), XenErrorId.InvalidArgument, ErrorCategory.InvalidArgument);
        Assert.Contains(kinds, error.ErrorDetails!.Message, StringComparison.Ordinal);
        Assert.False(Host["web01"].IsMonitored);
    }

    [Fact]
    public void What_does_not_wait_cannot_be_held()
    {
        Ended(Pipeline.Of<WatchXenVmEventCommand>("web01", "GuestRequest").With("Async").With("Hold").Run(), XenErrorId.InvalidArgument, ErrorCategory.InvalidArgument);
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", "GuestRequest").With("Async").With("First", 3).Run();
        Assert.All(outcome.OutputOf<VmEvent>(), e => Assert.False(e.IsSynchronous));
        AssertFree("web01");
    }

    [Fact]
    public void Programs_requests_are_seen_where_they_are_allowed()
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", "GuestRequest").With("AllowUserspace").With("First", 100).Run();
        Assert.Equal([0, 3], outcome.OutputOf<GuestRequestEvent>().Select(e => (int)((X86Registers)e.Registers).PrivilegeLevel).Distinct().Order());
        outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", "GuestRequest").With("First", 30).Run();
        Assert.All(outcome.OutputOf<GuestRequestEvent>(), e => Assert.Equal(0, ((X86Registers)e.Registers).PrivilegeLevel));
    }

    [Fact]
    public void A_kind_that_the_host_cannot_raise_is_refused_and_nothing_is_left()
    {
        ErrorRecord error = Refused(
            Pipeline.Of<WatchXenVmEventCommand>("web01", "PrivilegedCall").Run(), XenErrorId.NotSupported, ErrorCategory.NotImplemented);
        Assert.Equal(Host["web01"].Identity, error.TargetObject);
        AssertFree("web01");
    }

    [Fact]
    public void WhatIf_changes_nothing()
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", Kinds).With("WhatIf").Run();
        Assert.Contains("\"Watch Cpuid, SoftwareBreakpoint\"", Assert.Single(outcome.WhatIf), StringComparison.Ordinal);
        Assert.DoesNotContain(Host.Domains, d => d.IsMonitored);
    }
}
