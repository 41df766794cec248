using System.Management.Automation;
using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Simulation;
using XenVmEvent.PS;
using XenVmEvent.Recovery;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

public sealed class ResetXenMonitorTests : CmdletTest
{
    [Fact]
    public void A_guest_that_a_dead_listener_froze_runs_again()
    {
        Freeze("web01");
        MonitorResetReport report = Assert.Single(
            Pipeline.Of<ResetXenMonitorCommand>("web01").With("Confirm", false).Run().OutputOf<MonitorResetReport>());
        Assert.True(report.WasMonitored);
        Assert.NotEmpty(report.FrozenVCpus);
        Assert.Empty(report.StillFrozenVCpus);
        AssertFree("web01");
    }

    [Fact]
    public void Nothing_is_done_with_WhatIf()
    {
        Freeze("web01");
        Assert.Empty(Pipeline.Of<ResetXenMonitorCommand>("web01").With("WhatIf").Run().Output);
        Assert.True(Host["web01"].IsMonitored);
    }

    [Fact]
    public void A_session_of_this_process_is_ended_orderly()
    {
        Enable("web01");
        MonitorResetReport report = Assert.Single(
            Pipeline.Of<ResetXenMonitorCommand>("web01").With("Confirm", false).Run().OutputOf<MonitorResetReport>());
        Assert.False(report.WasMonitored);
        AssertFree("web01");
    }

    [Fact]
    public void Enabling_by_force_frees_the_guest_first()
    {
        Freeze("web01");
        Refused(Pipeline.Of<EnableXenMonitorCommand>("web01").Run(), XenErrorId.MonitorBusy, ErrorCategory.ResourceBusy);
        Assert.Empty(Pipeline.Of<EnableXenMonitorCommand>("web01").With("Force").Run().Errors);
        AssertRuns("web01");
        Assert.Equal("web01", Assert.Single(Monitors()).Domain);
    }

    /// <summary>Leaves the domain as a listener does that died while it was asked.</summary>
    private static void Freeze(string name)
    {
        SimulatedDomain guest = Host[name];
        using IDomainMonitor monitor = Host.EnableMonitor(guest.Identity, ChannelPreference.Ring);
        monitor.MonitorCpuid(true);
        _ = guest.VCpus[0].RunAsync(GuestAction.Cpuid(1));
        Assert.True(SpinWait.SpinUntil(() => guest.VCpus[0].IsPaused, Patience));
    }
}
