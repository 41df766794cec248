using XenVmEvent.Abi;
using XenVmEvent.Diagnosis;
using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Xen;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Monitoring;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Diagnosis;

public sealed class HostDiagnosisTests
{
    private static readonly string[] Names = ["Privilege", "Xen", "Libraries", "Devices", "Interface", "Hardware", "AltP2m"];

    [Fact]
    public void A_host_that_has_everything_passes_every_check()
    {
        IReadOnlyList<MonitorCheck> checks = HostDiagnosis.Run(new StandInProbe());
        Assert.Equal(Names, checks.Names(CheckResult.Passed));
        Assert.Equal(Names, checks.Select(c => c.Name));
        Assert.All(checks, c => Assert.Null(c.Domain));
        Assert.Contains("libxenctrl.so.4.17", checks.AssertIs("Libraries", CheckResult.Passed).Found, StringComparison.Ordinal);
        Assert.Contains("/dev/xen/privcmd, xenstore", checks.AssertIs("Devices", CheckResult.Passed).Found, StringComparison.Ordinal);
        Assert.Contains("version 7", checks.AssertIs("Interface", CheckResult.Passed).Found, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(nameof(IHostProbe.FindXen), "Xen")]
    [InlineData(nameof(IHostProbe.LoadLibraries), "Libraries")]
    [InlineData(nameof(IHostProbe.OpenDevices), "Devices")]
    [InlineData(nameof(IHostProbe.AskLayout), "Interface")]
    public void A_step_that_fails_says_why_and_what_follows_is_skipped(string step, string name)
    {
        IReadOnlyList<MonitorCheck> checks = HostDiagnosis.Run(new StandInProbe { Fails = step });
        MonitorCheck failed = checks.AssertIs(name, CheckResult.Failed);
        Assert.Equal(StandInProbe.Failure.Message, failed.Found);
        Assert.Equal(StandInProbe.Failure.Remedy, failed.Remedy);
        Assert.Equal(Names[..Array.IndexOf(Names, name)], checks.Names(CheckResult.Passed));
        Assert.Equal(Names[(Array.IndexOf(Names, name) + 1)..], checks.Names(CheckResult.Skipped));
        Assert.All(checks.Where(c => c.Result == CheckResult.Skipped), c => Assert.Contains($"check {name} failed", c.Found, StringComparison.Ordinal));
    }

    [Fact]
    public void Who_is_not_root_is_told() =>
        Assert.Contains("sudo", HostDiagnosis.Run(new StandInProbe { IsRoot = false }).AssertIs("Privilege", CheckResult.Warning).Remedy, StringComparison.Ordinal);

    [Fact]
    public void A_library_of_another_release_is_named_with_the_package_that_helps()
    {
        MonitorCheck check = HostDiagnosis.Run(new StandInProbe { Library = new("/usr/lib/libxenctrl.so.4.14", "4.14", "4.17") })
            .AssertIs("Libraries", CheckResult.Warning);
        Assert.Contains("Xen 4.17 runs, and only /usr/lib/libxenctrl.so.4.14", check.Found, StringComparison.Ordinal);
        Assert.Contains("libxenmisc4.17", check.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("libxenctrl.so", null, "4.17")]
    [InlineData("libxenctrl.so.4.17", "4.17", null)]
    public void A_library_of_which_nothing_is_known_is_none_the_worse(string file, string? release, string? running) =>
        HostDiagnosis.Run(new StandInProbe { Library = new(file, release, running) }).AssertIs("Libraries", CheckResult.Passed);

    [Theory]
    [InlineData(Virtualization.VTx, true, CheckResult.Passed, CheckResult.Passed)]
    [InlineData(Virtualization.VTx, null, CheckResult.Passed, CheckResult.Passed)]
    [InlineData(Virtualization.VTx, false, CheckResult.Warning, CheckResult.Skipped)]
    [InlineData(Virtualization.Svm, true, CheckResult.Warning, CheckResult.Skipped)]
    [InlineData(Virtualization.Arm, true, CheckResult.Passed, CheckResult.Skipped)]
    [InlineData(Virtualization.None, true, CheckResult.Warning, CheckResult.Skipped)]
    public void Hardware_decides_what_can_be_watched(Virtualization virtualization, bool? nestedPaging, CheckResult hardware, CheckResult views)
    {
        IReadOnlyList<MonitorCheck> checks = HostDiagnosis.Run(new StandInProbe { Hardware = new(virtualization, HasHvm: true, nestedPaging, HasAltP2mOption: true) });
        checks.AssertIs("Hardware", hardware);
        checks.AssertIs("AltP2m", views);
    }

    [Fact]
    public void Without_hardware_virtualisation_nothing_can_be_monitored() =>
        HostDiagnosis.Run(new StandInProbe { Hardware = new(Virtualization.None, HasHvm: false, HasNestedPaging: false, HasAltP2mOption: false) })
            .AssertIs("Hardware", CheckResult.Failed);

    [Fact]
    public void Hardware_that_Xen_does_not_tell_of_is_no_failure()
    {
        IReadOnlyList<MonitorCheck> checks = HostDiagnosis.Run(new StandInProbe { Fails = nameof(IHostProbe.ReadHardware) });
        checks.AssertIs("Hardware", CheckResult.Warning);
        checks.AssertIs("AltP2m", CheckResult.Skipped);
    }

    [Fact]
    public void Without_altp2m_on_the_command_line_there_are_no_views() =>
        Assert.Contains(
            "altp2m=1",
            HostDiagnosis.Run(new StandInProbe { Hardware = new(Virtualization.VTx, HasHvm: true, HasNestedPaging: true, HasAltP2mOption: false) })
                .AssertIs("AltP2m", CheckResult.Warning).Remedy,
            StringComparison.Ordinal);

    [Fact]
    public void A_simulated_host_is_what_it_simulates()
    {
        Assert.Equal(Names, Simulated(new SimulationOptions()).Names(CheckResult.Passed));
        Assert.Equal(["Hardware"], Simulated(new SimulationOptions { HasExtendedPageTables = false }).Names(CheckResult.Warning));
        Assert.Equal(["AltP2m"], Simulated(new SimulationOptions { OffersAltP2m = false }).Names(CheckResult.Warning));
        Assert.Equal(["AltP2m"], Simulated(new SimulationOptions { Architecture = GuestArchitecture.Arm64 }).Names(CheckResult.Skipped));
        Assert.Contains("version 4", Simulated(new SimulationOptions { InterfaceVersion = 4 }).AssertIs("Interface", CheckResult.Passed).Found, StringComparison.Ordinal);
    }

    [Fact]
    public void A_simulated_host_that_went_down_says_why()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using IDomainMonitor monitor = host.Enable(ChannelPreference.Slotted);
        Assert.Throws<XenException>(host.Guest().Channel.Enable);
        Assert.Contains(host.Crash!, HostDiagnosis.Run(host.Probe).AssertIs("Xen", CheckResult.Failed).Found, StringComparison.Ordinal);
    }

    [Fact]
    public void A_machine_without_Xen_says_so_and_what_to_do()
    {
        if (Directory.Exists("/proc/xen")) return; // In dom0 it passes; the tests that boot Xen see to that.

        IReadOnlyList<MonitorCheck> checks = HostDiagnosis.Run(new XenHostProbe());
        MonitorCheck failed = checks.AssertIs("Xen", CheckResult.Failed);
        Assert.Contains("does not run Xen", failed.Found, StringComparison.Ordinal);
        Assert.Equal(RemedyTask.UseSimulator, failed.RemedyTask);
        Assert.Equal(Names[2..], checks.Names(CheckResult.Skipped));
    }

    private static IReadOnlyList<MonitorCheck> Simulated(SimulationOptions options)
    {
        using SimulatedHypervisor host = new(options);
        return HostDiagnosis.Run(host.Probe);
    }
}
