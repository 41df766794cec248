using System.Management.Automation;
using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Simulation;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>Enable-, Get- and Disable-XenMonitor.</summary>
public sealed class MonitorTests : CmdletTest
{
    [Fact]
    public void A_session_lasts_from_enable_to_disable()
    {
        Assert.Empty(Pipeline.Of<EnableXenMonitorCommand>("web01").Run().Output);
        MonitorStatus status = Assert.Single(Monitors());
        Assert.Equal(("web01", 1u, "Running"), (status.Domain, status.DomainId, status.State));
        Assert.Equal(TimeSpan.FromSeconds(1), status.ResponseTimeout);
        Assert.True(Host["web01"].IsMonitored);
        AssertRuns("web01");

        Assert.Empty(Pipeline.Of<DisableXenMonitorCommand>("web01").Run().Errors);
        AssertFree("web01");
    }

    [Fact]
    public void Counts_are_shown()
    {
        Enable("web01");
        Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("First", 5).Run();
        MonitorStatus status = Assert.Single(Monitors());
        Assert.True(status.Events >= 5);
        Assert.Equal(status.Events, status.Statistics.ByKind[VmEventKind.Cpuid]);
        Assert.Equal(0, status.Dropped);
    }

    [Theory]
    [InlineData("Auto", ChannelKind.Slotted)]
    [InlineData("slotted", ChannelKind.Slotted)]
    [InlineData("Ring", ChannelKind.Ring)]
    public void The_channel_can_be_chosen(string channel, ChannelKind expected)
    {
        PipelineOutcome outcome = Pipeline.Of<EnableXenMonitorCommand>("web01").With("Channel", channel).With("PassThru").With("Verbose").Run();
        Assert.Equal(expected, Assert.Single(outcome.OutputOf<MonitorStatus>()).Channel);
        Assert.Contains(expected.ToString(), Assert.Single(outcome.Verbose), StringComparison.Ordinal);
    }

    [Fact]
    public void A_channel_that_the_host_has_not_is_refused()
    {
        Use(new SimulationOptions { OffersSlottedChannel = false });
        Refused(Pipeline.Of<EnableXenMonitorCommand>("web01").With("Channel", "Slotted").Run(), XenErrorId.NotSupported, ErrorCategory.NotImplemented);
        AssertFree("web01");
        Assert.Equal(ChannelKind.Ring, Enable("web01").Channel);
    }

    [Fact]
    public void Several_domains_are_enabled_and_disabled_at_once()
    {
        PipelineOutcome enabled = Pipeline.Of<EnableXenMonitorCommand>("*").With("PassThru").Run();
        Assert.Empty(enabled.Errors);
        Assert.Equal(["web01", "db01"], enabled.OutputOf<MonitorStatus>().Select(m => m.Domain));

        // A wildcard means those for which it makes sense: none is left.
        Assert.Empty(Pipeline.Of<EnableXenMonitorCommand>("*").Run().Errors);
        Assert.Equal(["db01"], Pipeline.Of<GetXenMonitorCommand>("d*").Run().OutputOf<MonitorStatus>().Select(m => m.Domain));

        Assert.Empty(Pipeline.Of<DisableXenMonitorCommand>().From(Monitors()).Run().Errors);
        AssertFree("web01");
        AssertFree("db01");
        Assert.Empty(Pipeline.Of<DisableXenMonitorCommand>("*").Run().Errors);
        Assert.Empty(Pipeline.Of<GetXenMonitorCommand>("web01").Run().Output);
    }

    [Fact]
    public void A_listener_may_be_required()
    {
        Pipeline.Of<EnableXenMonitorCommand>("web01").With("ListenerRequired").Run();
        AssertRuns("web01");
        Pipeline.Of<DisableXenMonitorCommand>("web01").Run();
        AssertFree("web01");
    }

    [Fact]
    public void WhatIf_changes_nothing()
    {
        PipelineOutcome enable = Pipeline.Of<EnableXenMonitorCommand>("*").With("WhatIf").With("PassThru").Run();
        Assert.Empty(enable.Output);
        Assert.Equal(2, enable.WhatIf.Count);
        Assert.Contains("\"Enable the monitor\" on target \"web01 (id 1)\"", enable.WhatIf[0], StringComparison.Ordinal);
        Assert.DoesNotContain(Host.Domains, d => d.IsMonitored);

        Enable("web01");
        PipelineOutcome disable = Pipeline.Of<DisableXenMonitorCommand>("web01").With("WhatIf").Run();
        Assert.Single(disable.WhatIf);
        Assert.Single(Monitors());
    }

    [Fact]
    public void A_session_that_is_there_is_not_opened_again()
    {
        Enable("web01");
        ErrorRecord error = Refused(Pipeline.Of<EnableXenMonitorCommand>("web01").Run(), XenErrorId.MonitorBusy, ErrorCategory.ResourceBusy);
        Assert.Equal(Host["web01"].Identity, error.TargetObject);
        Assert.Single(Monitors());
    }

    [Fact]
    public void A_listener_of_somebody_else_is_left_alone()
    {
        using IDomainMonitor other = Host.EnableMonitor(Host["web01"].Identity, ChannelPreference.Ring);
        ErrorRecord error = Refused(Pipeline.Of<EnableXenMonitorCommand>("web01").Run(), XenErrorId.MonitorBusy, ErrorCategory.ResourceBusy);
        Assert.Contains("Reset-XenMonitor", error.ErrorDetails!.RecommendedAction, StringComparison.Ordinal);
        Assert.Empty(Monitors());
        Assert.True(Host["web01"].IsMonitored);
        Assert.Null(Host.Crash);
        other.Disable();
    }

    [Fact]
    public void A_domain_that_is_not_monitored_cannot_be_disabled()
    {
        ErrorRecord error = Refused(Pipeline.Of<DisableXenMonitorCommand>("web01").Run(), XenErrorId.SessionEnded, ErrorCategory.ConnectionError);
        Assert.Equal(Host["web01"].Identity, error.TargetObject);
    }

    [Fact]
    public void Dom0_and_paravirtualised_domains_are_refused()
    {
        Use(new SimulationOptions { Domains = [new() { Id = 7, Name = "old01", Type = DomainType.PV }, new() { Id = 8, Name = "web01" }] });
        foreach (object domain in new object[] { 0, "old01" })
        {
            ErrorRecord error = Refused(Pipeline.Of<EnableXenMonitorCommand>(domain).Run(), XenErrorId.DomainNotSupported, ErrorCategory.InvalidType);
            Assert.IsType<XenDomain>(error.TargetObject);
            Refused(Pipeline.Of<WatchXenVmEventCommand>(domain, "Cpuid").Run(), XenErrorId.DomainNotSupported, ErrorCategory.InvalidType);
        }

        // By wildcard they are not meant.
        Assert.Empty(Pipeline.Of<EnableXenMonitorCommand>("*").Run().Errors);
        Assert.Equal("web01", Assert.Single(Monitors()).Domain);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(2L)]
    [InlineData((byte)2)]
    [InlineData(2u)]
    [InlineData(2.0)]
    [InlineData(2f)]
    [InlineData("2")]
    [InlineData("00:00:02")]
    public void A_number_is_seconds(object timeout)
    {
        Pipeline.Of<EnableXenMonitorCommand>("web01").With("ResponseTimeout", timeout).Run();
        Assert.Equal(TimeSpan.FromSeconds(2), Assert.Single(Monitors()).ResponseTimeout);
    }

    [Fact]
    public void A_timeout_that_is_none_is_not_bound()
    {
        NotBound(Pipeline.Of<EnableXenMonitorCommand>("web01").With("ResponseTimeout", 0).Run(), "ParameterArgumentValidationError");
        NotBound(Pipeline.Of<EnableXenMonitorCommand>("web01").With("ResponseTimeout", TimeSpan.FromSeconds(-1)).Run(), "ParameterArgumentValidationError");
        NotBound(Pipeline.Of<EnableXenMonitorCommand>("web01").With("ResponseTimeout", "soon").Run(), "CannotConvertArgumentNoMessage");
        NotBound(Pipeline.Of<EnableXenMonitorCommand>("web01").With("ResponseTimeout", 1e30).Run(), "ParameterArgumentTransformationError");
        NotBound(Pipeline.Of<EnableXenMonitorCommand>("web01").With("Channel", "Pigeon").Run(), "CannotConvertArgumentNoMessage");
        NotBound(Pipeline.Of<EnableXenMonitorCommand>().Run(), "MissingMandatoryParameter");
    }
}
