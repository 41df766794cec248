using System.Management.Automation;
using XenVmEvent.Diagnosis;
using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Simulation;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

public sealed class TestXenMonitorTests : CmdletTest
{
    private const int HostChecks = 7;
    private const int DomainChecks = 6;

    private static readonly string[] Guests = ["web01", "db01"];

    [Fact]
    public void Without_a_domain_the_host_is_tested()
    {
        MonitorCheck[] checks = Test();
        Assert.Equal(HostChecks, checks.Length);
        Assert.All(checks, c => Assert.Equal((null, CheckResult.Passed), (c.Domain, c.Result)));
    }

    [Fact]
    public void Domains_come_after_the_host_however_they_are_named()
    {
        string?[] expected = [.. Enumerable.Repeat<string?>(null, HostChecks), .. Enumerable.Repeat("web01", DomainChecks), .. Enumerable.Repeat("db01", DomainChecks)];
        PipelineOutcome[] outcomes =
        [
            Pipeline.Of<TestXenMonitorCommand>().With("Domain", Guests).Run(),
            Pipeline.Of<TestXenMonitorCommand>("*").Run(),
            Pipeline.Of<TestXenMonitorCommand>().From("web01", 2).Run(),
            Pipeline.Of<TestXenMonitorCommand>().From(Host["web01"].Identity, new { Domain = "db01" }).Run(),
        ];
        Assert.All(outcomes, o => Assert.Equal(expected, o.OutputOf<MonitorCheck>().Select(c => c.Domain)));
        Assert.All(outcomes, o => Assert.All(o.OutputOf<MonitorCheck>(), c => Assert.Equal(CheckResult.Passed, c.Result)));
    }

    [Fact]
    public void A_listener_in_place_fails_and_stays()
    {
        using IDomainMonitor monitor = Host.EnableMonitor(Host["web01"].Identity, ChannelPreference.Ring);
        MonitorCheck failed = Assert.Single(Test("web01"), c => c.Result == CheckResult.Failed);
        Assert.Equal("Listener", failed.Name);
        Assert.Contains("Reset-XenMonitor", failed.Remedy, StringComparison.Ordinal);
        Assert.True(Host["web01"].IsMonitored);
    }

    [Fact]
    public void The_own_session_passes()
    {
        Enable("web01");
        MonitorCheck check = Assert.Single(Test("web01"), c => c.Name == "Listener");
        Assert.Equal(CheckResult.Passed, check.Result);
        Assert.Contains("This process", check.Found, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_domain_is_an_error_about_it_and_the_others_are_tested()
    {
        PipelineOutcome outcome = Pipeline.Of<TestXenMonitorCommand>().From("nope", "web01").Run();
        Refused(outcome, XenErrorId.DomainNotFound, ErrorCategory.ObjectNotFound);
        Assert.Equal(HostChecks + DomainChecks, outcome.Output.Count);
    }

    [Fact]
    public void Quiet_says_only_whether_all_can_be_monitored()
    {
        Assert.True(Quietly());
        Assert.True(Quietly("web01", "db01"));
        Assert.False(Quietly("web01", "nope"));
        Assert.False(Quietly("nobody*"));
        Assert.False(Quietly("web01", "Domain-0"));
        using IDomainMonitor monitor = Host.EnableMonitor(Host["db01"].Identity, ChannelPreference.Ring);
        Assert.True(Quietly("web01"));
        Assert.False(Quietly("*"));
    }

    [Fact]
    public void A_warning_is_no_failure()
    {
        Use(new SimulationOptions { HasExtendedPageTables = false });
        Assert.Contains(Test("web01"), c => c.Result == CheckResult.Warning);
        Assert.True(Quietly("web01"));
    }

    [Fact]
    public void Without_Xen_it_says_so_and_skips_the_domain()
    {
        if (Directory.Exists("/proc/xen")) return; // In dom0 it passes.

        XenHost.Disconnect();
        PipelineOutcome outcome = Pipeline.Of<TestXenMonitorCommand>("web01").Run();
        Assert.Empty(outcome.Errors);
        MonitorCheck[] checks = outcome.OutputOf<MonitorCheck>();
        Assert.Equal("Xen", Assert.Single(checks, c => c.Result == CheckResult.Failed).Name);
        Assert.Equal(("web01", CheckResult.Skipped), (checks[^1].Domain, checks[^1].Result));
        Assert.False(Quietly());
    }

    private static MonitorCheck[] Test(params string[] domains) =>
        Pipeline.Of<TestXenMonitorCommand>().With("Domain", domains).Run().OutputOf<MonitorCheck>();

    private static bool Quietly(params string[] domains)
    {
        PipelineOutcome outcome = Pipeline.Of<TestXenMonitorCommand>().With("Domain", domains).With("Quiet").Run();
        Assert.Empty(outcome.Errors);
        return Assert.Single(outcome.OutputOf<bool>());
    }
}
