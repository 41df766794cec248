using Xunit;

namespace XenVmEvent.NativeXen.Tests;

/// <summary><c>xenvmevent test</c> through the calls that it makes to a real Xen.</summary>
public class DiagnosisTests : NativeXenTest
{
    [Fact]
    public void What_can_be_monitored_passes_and_stays_as_it_is()
    {
        Listener test = Listener.RunOurTest(new Guest { VCpus = 2 }, "guest");

        Assert.Equal(0, test.ExitCode);
        Assert.Empty(test.Errors);
        AssertShows(test, "Xen", "passed", "Xen 4.17, and this is its dom0.");
        AssertShows(test, "Libraries", "passed", "libxenctrl.so.4.17 is loaded.");
        AssertShows(test, "Devices", "passed", "Can be opened: /dev/xen/privcmd, /dev/xen/evtchn, xenstore.");
        AssertShows(test, "Interface", "passed", "Xen accepts calls, and its vm_event interface version 7 is supported.");
        AssertShows(test, "Hardware", "passed", "Intel's VT-x with EPT: page access events are available.");
        AssertShows(test, "AltP2m", "passed", "Xen's command line enables altp2m: domains can have views.");
        AssertShows(test, "DomainType", "passed", "Its type is HVM; it has 2 vCPUs.");
        AssertShows(test, "PageAccess", "passed", "Access to its pages can be restricted and watched.");
        AssertShows(test, "Listener", "passed", "It has no listener.");
        AssertShows(test, "VCpus", "passed", "All are running or idle.");
        Assert.False((bool)test.State!["isMonitored"]!);
        Assert.Equal(0, (int)test.VCpu(0)["events"]!);
    }

    [Fact]
    public void What_AMD_lacks_is_a_warning()
    {
        Listener test = Listener.RunOurTest(new Guest { HasExtendedPageTables = false }, "1");

        Assert.Equal(0, test.ExitCode);
        AssertShows(test, "Hardware", "warning", "AMD's SVM: Xen has no page access events");
        AssertShows(test, "AltP2m", "skipped", "Views need an Intel processor with EPT.");
        AssertShows(test, "PageAccess", "warning", "Access to its pages cannot be restricted");
        AssertShows(test, "Listener", "passed", "It has no listener.");
    }

    [Theory]
    [InlineData(4, "Xen 4.12, and this is its dom0.")]
    [InlineData(6, "Xen 4.14, and this is its dom0.")]
    public void Older_releases_tell_of_their_hardware_elsewhere(int version, string xen)
    {
        Listener test = Listener.RunOurTest(new Guest { InterfaceVersion = version });

        Assert.Equal(0, test.ExitCode);
        AssertShows(test, "Xen", "passed", xen);
        AssertShows(test, "Hardware", "passed", "Intel's VT-x");
    }

    [Fact]
    public void An_interface_version_that_is_not_known_fails()
    {
        Listener test = Listener.RunOurTest(new Guest { InterfaceVersion = 8 }, "guest");

        Assert.Equal(1, test.ExitCode);
        AssertShows(test, "Interface", "failed", "This Xen uses vm_event interface version 8");
        AssertShows(test, "DomainType", "skipped", "Not checked: the host's checks failed.");
        Assert.Equal("guest cannot be monitored: Interface.", test.Lines[^1]);
    }

    [Fact]
    public void Dom0_fails_and_a_domain_that_is_not_there_is_an_error()
    {
        Listener dom0 = Listener.RunOurTest(new Guest(), "0");
        Assert.Equal(1, dom0.ExitCode);
        AssertShows(dom0, "DomainType", "failed", "Domain-0 (id 0) is dom0, and a domain cannot monitor itself.");
        Listener unknown = Listener.RunOurTest(new Guest(), "99");
        Assert.Equal(1, unknown.ExitCode);
        Assert.Contains("DomainNotFound", Assert.Single(unknown.Errors), StringComparison.Ordinal);
    }

    private static void AssertShows(Listener test, string check, string result, string found) =>
        Assert.Contains(test.Lines, line => line.StartsWith($"  {check,-14}{result,-9}{found}", StringComparison.Ordinal));
}
