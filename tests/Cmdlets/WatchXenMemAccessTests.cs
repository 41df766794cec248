using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor.Simulation;
using XenVmEvent.Monitoring;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

public sealed class WatchXenMemAccessTests : CmdletTest
{
    private static readonly string[] ReadAndExecute = ["Read", "execute"];

    [Theory]
    [InlineData("Write", PageAccess.Write)]
    [InlineData("read", PageAccess.Read)]
    [InlineData(4, PageAccess.Execute)]
    [InlineData("Read,Write", PageAccess.Read | PageAccess.Write)]
    public void The_accesses_named_are_seen(object access, PageAccess expected)
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenMemAccessCommand>("web01", access).With("First", 20).Run();
        Assert.Equal(PSInvocationState.Completed, outcome.State);
        MemAccessEvent[] events = outcome.OutputOf<MemAccessEvent>();
        Assert.Equal(20, events.Length);
        Assert.All(events, e =>
        {
            Assert.Equal(("web01", 1u), (e.Domain, e.DomainId));
            Assert.NotEqual(PageAccess.None, e.Access & expected);
            Assert.Same(VmEventResponse.Continue, e.Response);
        });
        AssertFree("web01");
    }

    [Fact]
    public void A_list_of_accesses_is_all_of_them()
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenMemAccessCommand>("web01").With("Access", ReadAndExecute).With("First", 40).Run();
        Assert.All(outcome.OutputOf<MemAccessEvent>(), e => Assert.NotEqual(PageAccess.None, e.Access & (PageAccess.Read | PageAccess.Execute)));
        AssertFree("web01");
    }

    [Fact]
    public void A_page_gets_its_rights_back_after_its_first_access()
    {
        // Sixteen pages, each written for the first time once: by one vCPU, for two may do so at the same time.
        Use(new SimulationOptions { Domains = [new() { Id = 1, Name = "web01" }] });
        PipelineOutcome outcome = Pipeline.Of<WatchXenMemAccessCommand>("web01", "Write").With("Gfn", "0x100-0x10f").With("First", 16).Run();
        Assert.Equal(Enumerable.Range(0x100, 16).Select(g => (ulong)g), outcome.OutputOf<MemAccessEvent>().Select(e => e.Gfn).Order());
        AssertFree("web01");
    }

    [Fact]
    public void With_Repeat_a_page_stays_watched()
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenMemAccessCommand>("web01", "Write").With("Gfn", 0x100).With("Repeat").With("First", 10).Run();
        Assert.All(outcome.OutputOf<MemAccessEvent>(), e => Assert.Equal(0x100u, e.Gfn));
        Assert.Equal(10, outcome.Output.Count);
        AssertFree("web01");
    }

    [Theory]
    [InlineData(0x101)]
    [InlineData(0x101L)]
    [InlineData("257")]
    [InlineData("0x101")]
    [InlineData("0x101-0x101")]
    [InlineData("0x101,0x101")]
    public void Pages_are_named_in_many_ways(object gfn)
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenMemAccessCommand>("web01", "Write").With("Gfn", gfn).With("First", 1).Run();
        Assert.Equal(0x101u, Assert.Single(outcome.OutputOf<MemAccessEvent>()).Gfn);
    }

    [Fact]
    public void Lists_of_pages_may_be_mixed()
    {
        object[] gfns = [0x100, "0x102-0x103,0x105", new GfnRange(0x107), new PSObject("0x109")];
        PipelineOutcome outcome = Pipeline.Of<WatchXenMemAccessCommand>("web01", "Write").With("Gfn", gfns).With("First", 6).Run();
        Assert.Subset(new HashSet<ulong> { 0x100, 0x102, 0x103, 0x105, 0x107, 0x109 }, outcome.OutputOf<MemAccessEvent>().Select(e => e.Gfn).ToHashSet());
    }

    [Theory]
    [InlineData("0x10-0x5")]
    [InlineData("hello")]
    [InlineData("-1")]
    [InlineData(-1)]
    [InlineData("0x")]
    [InlineData("1-2-3")]
    [InlineData(1.5)]
    public void What_are_no_pages_is_not_bound(object gfn)
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenMemAccessCommand>("web01", "Write").With("Gfn", gfn).Run();
        NotBound(outcome, "ParameterArgumentTransformationError");
        Assert.Contains("0x400-0x43f", outcome.TerminatingError!.Exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pages_that_the_domain_has_not_are_refused_and_nothing_is_left()
    {
        ErrorRecord error = Refused(
            Pipeline.Of<WatchXenMemAccessCommand>("web01", "Write").With("Gfn", "0x100,0x1000").Run(), XenErrorId.InvalidGfn, ErrorCategory.InvalidArgument);
        Assert.Equal(Host["web01"].Identity, error.TargetObject);
        Assert.Contains("0xfff", error.ErrorDetails!.Message, StringComparison.Ordinal);
        AssertFree("web01");
    }

    [Fact]
    public void Pages_that_the_domain_has_not_leave_a_session_of_before_as_it_was()
    {
        Enable("web01");
        Refused(Pipeline.Of<WatchXenMemAccessCommand>("web01", "Write").With("Gfn", 0x1000).Run(), XenErrorId.InvalidGfn, ErrorCategory.InvalidArgument);
        Assert.Single(Monitors());
        AssertRuns("web01");
    }

    [Fact]
    public void A_processor_without_extended_page_tables_is_refused_and_nothing_is_left()
    {
        Use(new SimulationOptions { HasExtendedPageTables = false });
        Refused(Pipeline.Of<WatchXenMemAccessCommand>("web01", "Write").Run(), XenErrorId.NotSupported, ErrorCategory.NotImplemented);
        AssertFree("web01");
    }

    [Fact]
    public void No_access_is_refused()
    {
        ErrorRecord error = Ended(Pipeline.Of<WatchXenMemAccessCommand>("web01", "None").Run(), XenErrorId.InvalidArgument, ErrorCategory.InvalidArgument);
        Assert.Equal(PageAccess.None, error.TargetObject);
        NotBound(Pipeline.Of<WatchXenMemAccessCommand>("web01", "Wrote").Run(), "CannotConvertArgumentNoMessage");
        NotBound(Pipeline.Of<WatchXenMemAccessCommand>("web01", 9).Run(), "CannotConvertArgumentNoMessage");
    }

    [Fact]
    public void WhatIf_changes_nothing()
    {
        PipelineOutcome outcome = Pipeline.Of<WatchXenMemAccessCommand>("*", "Write,Execute").With("WhatIf").Run();
        Assert.Empty(outcome.Output);
        Assert.Equal(2, outcome.WhatIf.Count);
        Assert.Contains("\"Watch Write, Execute access\"", outcome.WhatIf[0], StringComparison.Ordinal);
        Assert.DoesNotContain(Host.Domains, d => d.IsMonitored);
    }
}
