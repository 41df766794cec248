using System.Management.Automation;
using XenVmEvent.Abi;
using XenVmEvent.Cmdlets.Tests.StandIn;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor.Simulation;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

public sealed class RegisterXenVmEventTests : CmdletTest, IDisposable
{
    public new void Dispose()
    {
        foreach (PSEventSubscriber subscriber in PSEventSubscriber.All.ToArray()) subscriber.Unregister();
        base.Dispose();
    }

    [Fact]
    public void Events_arrive_until_it_is_unregistered_and_then_everything_is_given_back()
    {
        PSEventSubscriber subscriber = Register(Pipeline.Of<RegisterXenVmEventCommand>("web01").With("Access", PageAccess.Write).With("SourceIdentifier", "writes"));
        Until(() => subscriber.Received.Count >= 5);
        Assert.Equal("writes", subscriber.SourceIdentifier);
        Assert.All(subscriber.Received, e => Assert.IsType<MemAccessEvent>(((VmEventArgs)e).VmEvent));
        Assert.Equal("web01", Assert.Single(Monitors()).Domain);
        subscriber.Unregister();
        AssertFree("web01");
    }

    [Fact]
    public void Several_domains_are_one_subscription_and_a_session_that_was_open_stays()
    {
        Enable("db01");
        PSEventSubscriber subscriber = Register(Pipeline.Of<RegisterXenVmEventCommand>((string[])["web01", "db01"], VmEventKind.Cpuid));
        Until(() => subscriber.Received.Select(e => ((VmEventArgs)e).VmEvent.Domain).Distinct().Count() == 2);
        subscriber.Unregister();
        Assert.Equal("db01", Assert.Single(Monitors()).Domain);
        AssertFree("web01");
    }

    [Fact]
    public void A_held_event_waits_for_its_answer()
    {
        PSEventSubscriber subscriber = Register(Pipeline.Of<RegisterXenVmEventCommand>("web01", VmEventKind.Cpuid).With("Hold").With("ResponseTimeout", 600));
        Until(() => !subscriber.Received.IsEmpty);
        VmEvent held = ((VmEventArgs)subscriber.Received.First()).VmEvent;
        Assert.Equal(ResponseState.Held, held.ResponseState);
        subscriber.Unregister();
        Assert.Equal(ResponseState.Released, held.ResponseState);
        AssertFree("web01");
    }

    [Fact]
    public void What_is_refused_leaves_nothing_behind()
    {
        Ended(Pipeline.Of<RegisterXenVmEventCommand>("nobody", VmEventKind.Cpuid).Run(), XenErrorId.DomainNotFound, ErrorCategory.ObjectNotFound);
        Ended(Pipeline.Of<RegisterXenVmEventCommand>("web01", VmEventKind.MemAccess).Run(), XenErrorId.NotSupported, ErrorCategory.NotImplemented);
        Ended(Pipeline.Of<RegisterXenVmEventCommand>("web01", VmEventKind.MovToMsr).Run(), XenErrorId.NotSupported, ErrorCategory.NotImplemented);
        Register(Pipeline.Of<RegisterXenVmEventCommand>("db01", VmEventKind.Cpuid).With("SourceIdentifier", "one"));
        PipelineOutcome again = Pipeline.Of<RegisterXenVmEventCommand>("web01", VmEventKind.Cpuid).With("SourceIdentifier", "one").Run();
        Assert.StartsWith("SUBSCRIBER_EXISTS", Assert.Single(again.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        AssertFree("web01");
        Assert.Single(Pipeline.Of<RegisterXenVmEventCommand>("web01", VmEventKind.Cpuid).With("WhatIf").Run().WhatIf);
        AssertFree("web01");
    }

    [Fact]
    public void The_end_of_a_domain_is_told_by_the_next_cmdlet()
    {
        Register(Pipeline.Of<RegisterXenVmEventCommand>("web01", VmEventKind.Cpuid));
        SimulatedDomain guest = Host["web01"];
        guest.Destroy();
        Until(() => !XenHost.Warnings.IsEmpty);
        Assert.Contains("A registered watch has ended", Assert.Single(XenHost.Warnings), StringComparison.Ordinal);
        XenHost.Warnings.Clear();
    }

    private static PSEventSubscriber Register(Pipeline pipeline)
    {
        PipelineOutcome outcome = pipeline.Run();
        Assert.Null(outcome.TerminatingError);
        Assert.Empty(outcome.Errors);
        return PSEventSubscriber.All[^1];
    }
}
