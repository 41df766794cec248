using XenVmEvent.Abi;
using XenVmEvent.Diagnosis;
using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Monitoring;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Diagnosis;

public sealed class DomainDiagnosisTests
{
    private static readonly string[] Names = ["DomainType", "Capabilities", "PageAccess", "AltP2m", "Listener", "VCpus"];

    [Theory]
    [InlineData(1)]
    [InlineData(12)]
    public void A_guest_that_runs_passes_every_check_and_runs_on(int vcpus)
    {
        using SimulatedHypervisor host = Hosts.With(Workload.Everything, vcpus);
        SimulatedDomain guest = host.Guest();
        guest.Start();

        IReadOnlyList<MonitorCheck> checks = DomainDiagnosis.Run(host, guest.Identity);

        Assert.Equal(Names, checks.Names(CheckResult.Passed));
        Assert.All(checks, c => Assert.Equal(Hosts.Guest, c.Domain));
        Assert.Contains($"HVM; it has {vcpus} vCPU", checks.AssertIs("DomainType", CheckResult.Passed).Found, StringComparison.Ordinal);
        guest.AssertFree();
    }

    [Fact]
    public void An_idle_guest_is_not_called_frozen()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        DomainDiagnosis.Run(host, host.Guest().Identity).AssertIs("VCpus", CheckResult.Passed);
    }

    [Fact]
    public void What_a_dead_listener_left_is_told_and_stays_as_it_is()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 3);
        SimulatedDomain guest = host.Guest();
        using IDomainMonitor monitor = host.Enable(ChannelPreference.Ring);
        monitor.MonitorCpuid(true);
        _ = guest.VCpus[1].RunAsync(GuestAction.Cpuid(1));
        Hosts.Until(() => guest.VCpus[1].IsPaused);

        IReadOnlyList<MonitorCheck> checks = DomainDiagnosis.Run(host, guest.Identity);

        Assert.Equal(RemedyTask.ResetMonitor, checks.AssertIs("Listener", CheckResult.Failed).RemedyTask);
        MonitorCheck vcpus = checks.AssertIs("VCpus", CheckResult.Failed);
        Assert.Contains("vCPU 1 of 3", vcpus.Found, StringComparison.Ordinal);
        Assert.Equal(RemedyTask.ResetMonitor, vcpus.RemedyTask);
        Assert.Equal(["Listener", "VCpus"], checks.Names(CheckResult.Failed));
        Assert.True(guest.IsMonitored);
        Assert.True(guest.VCpus[1].IsPaused);
    }

    [Fact]
    public void VCpus_that_stand_still_without_a_listener_are_a_warning()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
        {
            monitor.MonitorCpuid(true);
            _ = guest.VCpus[0].RunAsync(GuestAction.Cpuid(1));
            Hosts.Until(() => guest.VCpus[0].IsPaused);
            monitor.Disable();
        }

        IReadOnlyList<MonitorCheck> checks = DomainDiagnosis.Run(host, guest.Identity);
        checks.AssertIs("Listener", CheckResult.Passed);
        Assert.Contains("xl unpause", checks.AssertIs("VCpus", CheckResult.Warning).Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void The_own_session_is_no_listener_in_the_way()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using IDomainMonitor monitor = host.Enable(ChannelPreference.Ring);
        monitor.MonitorCpuid(true);
        _ = guest.VCpus[0].RunAsync(GuestAction.Cpuid(1));
        Hosts.Until(() => guest.VCpus[0].IsPaused);

        IReadOnlyList<MonitorCheck> checks = DomainDiagnosis.Run(host, guest.Identity, hasSession: true);
        Assert.Contains("This process", checks.AssertIs("Listener", CheckResult.Passed).Found, StringComparison.Ordinal);
        Assert.Equal(RemedyTask.AnswerEvents, checks.AssertIs("VCpus", CheckResult.Warning).RemedyTask);
    }

    [Fact]
    public void What_AMD_lacks_is_a_warning()
    {
        using SimulatedHypervisor host = Hosts.Idle(options: new SimulationOptions { HasExtendedPageTables = false });
        IReadOnlyList<MonitorCheck> checks = DomainDiagnosis.Run(host, host.Guest().Identity);
        Assert.Equal(["Capabilities", "PageAccess", "AltP2m"], checks.Names(CheckResult.Warning));
        Assert.Contains("except SingleStep, VmExit.", checks.AssertIs("Capabilities", CheckResult.Warning).Found, StringComparison.Ordinal);
        Assert.Empty(checks.Names(CheckResult.Failed));
    }

    [Fact]
    public void Kinds_of_later_releases_are_named_and_no_reason_to_worry()
    {
        using SimulatedHypervisor host = Hosts.Idle(options: new SimulationOptions { InterfaceVersion = 4 });
        Assert.Contains(
            "except VmExit, Io.",
            DomainDiagnosis.Run(host, host.Guest().Identity).AssertIs("Capabilities", CheckResult.Passed).Found,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Arm_has_kinds_of_its_own()
    {
        using SimulatedHypervisor host = Hosts.Idle(options: new SimulationOptions { Architecture = GuestArchitecture.Arm64 });
        IReadOnlyList<MonitorCheck> checks = DomainDiagnosis.Run(host, host.Guest().Identity);
        checks.AssertIs("Capabilities", CheckResult.Passed);
        checks.AssertIs("PageAccess", CheckResult.Passed);
        checks.AssertIs("AltP2m", CheckResult.Warning);
    }

    [Theory]
    [InlineData(true, AltP2mMode.Disabled, "altp2m=\"external\"")]
    [InlineData(false, AltP2mMode.External, "altp2m=1")]
    public void Why_there_can_be_no_views_is_told(bool host, AltP2mMode domain, string remedy)
    {
        using SimulatedHypervisor xen = new(new SimulationOptions
        {
            OffersAltP2m = host,
            Domains = [new SimulatedDomainOptions { Id = 5, Name = Hosts.Guest, AltP2m = domain }],
        });
        Assert.Contains(remedy, DomainDiagnosis.Run(xen, xen.Guest().Identity).AssertIs("AltP2m", CheckResult.Warning).Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void Dom0_a_paravirtualised_domain_and_one_that_is_gone_fail_and_the_rest_is_skipped()
    {
        using SimulatedHypervisor host = new(new SimulationOptions
        {
            Domains = [new SimulatedDomainOptions { Id = 5, Name = "old", Type = DomainType.PV }, new SimulatedDomainOptions { Id = 6, Name = "gone" }],
        });
        host["gone"].Destroy();
        XenDomain[] domains = [host.FindDomain("0"), host["old"].Identity, host["gone"].Identity];
        Assert.All(domains, domain =>
        {
            IReadOnlyList<MonitorCheck> checks = DomainDiagnosis.Run(host, domain);
            checks.AssertIs("DomainType", CheckResult.Failed);
            Assert.Equal(Names[1..], checks.Names(CheckResult.Skipped));
        });
    }

    [Theory]
    [InlineData("IsMonitored", "Listener", CheckResult.Warning)]
    [InlineData("CanRestrictPages", "PageAccess", CheckResult.Warning)]
    [InlineData("HasViews", "AltP2m", CheckResult.Warning)]
    [InlineData("Capabilities", "Capabilities", CheckResult.Failed)]
    [InlineData("GetVCpuState", "VCpus", CheckResult.Failed)]
    public void What_Xen_refuses_to_tell_is_told(string call, string name, CheckResult result)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        DomainDiagnosis.Run(new RefusingHypervisor(host, c => c == call), host.Guest().Identity).AssertIs(name, result);
    }
}
