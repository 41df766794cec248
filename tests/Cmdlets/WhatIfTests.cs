using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>What -WhatIf says, which only a host sees. That nothing is done is in tests/Pester.</summary>
public sealed class WhatIfTests : CmdletTest
{
    private static readonly string[] Kinds = ["Cpuid", "SoftwareBreakpoint"];
    private static readonly string[] RegisterKinds = ["WriteControlRegister", "MovToMsr"];

    [Fact]
    public void Sessions_are_named_one_by_one()
    {
        IReadOnlyList<string> said = Said(Pipeline.Of<EnableXenMonitorCommand>("*"));
        Assert.Equal(2, said.Count);
        Assert.Contains("\"Enable the monitor\" on target \"web01 (id 1)\"", said[0], StringComparison.Ordinal);
        Enable("web01");
        Assert.Single(Said(Pipeline.Of<DisableXenMonitorCommand>("web01")));
        Assert.Equal(2, Said(Pipeline.Of<SetXenVmEventResponseCommand>("web01", RegisterKinds).With("Deny")).Count);
    }

    [Fact]
    public void Watches_say_what_they_would_watch()
    {
        Assert.Contains("\"Watch Cpuid, SoftwareBreakpoint\"", Assert.Single(Said(Pipeline.Of<WatchXenVmEventCommand>("web01", Kinds))), StringComparison.Ordinal);
        IReadOnlyList<string> said = Said(Pipeline.Of<WatchXenMemAccessCommand>("*", "Write,Execute"));
        Assert.Equal(2, said.Count);
        Assert.Contains("\"Watch Write, Execute access\"", said[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Events_would_be_answered_or_recorded()
    {
        VmEvent vmEvent = Assert.Single(Pipeline.Of<WatchXenVmEventCommand>("web01", VmEventKind.WriteControlRegister).With("Hold")
            .With("ResponseTimeout", 60).With("First", 1)
            .To(e => Assert.Contains("\"Answer Deny\"", Assert.Single(Said(Pipeline.Of<SetXenVmEventResponseCommand>(e).With("Deny"))), StringComparison.Ordinal))
            .Run().OutputOf<VmEvent>());
        Assert.Contains("Record events", Assert.Single(Said(Pipeline.Of<ExportXenVmEventCommand>("none.jsonl").From(vmEvent))), StringComparison.Ordinal);
    }

    private static IReadOnlyList<string> Said(Pipeline pipeline) => pipeline.With("WhatIf").Run().WhatIf;
}
