using System.Management.Automation;
using XenVmEvent.Abi;
using XenVmEvent.Cmdlets.Tests.StandIn;
using XenVmEvent.Hypervisor.Simulation;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

public sealed class ConnectXenHostTests : CmdletTest
{
    [Fact]
    public void The_simulated_host_has_two_guests()
    {
        HostStatus status = Assert.Single(Pipeline.Of<ConnectXenHostCommand>().With("Simulated").With("PassThru").Run().OutputOf<HostStatus>());
        Assert.Equal(new HostStatus("simulated Xen", VmEventLayout.NewestVersion, GuestArchitecture.X86, 2), status);
    }

    [Fact]
    public void Another_connection_ends_the_sessions_of_the_one_before()
    {
        SimulatedHypervisor before = Host;
        Enable("web01");
        Pipeline.Of<ConnectXenHostCommand>().With("Simulated").Run();
        Assert.NotSame(before, Host);
        Assert.False(before["web01"].IsMonitored);
        Assert.Empty(Monitors());
    }

    [Fact]
    public void Without_Xen_the_error_says_what_to_do_and_the_host_of_before_stays()
    {
        if (File.Exists("/proc/xen/capabilities")) return; // This machine has Xen.
        SimulatedHypervisor before = Host;
        Enable("web01");
        ErrorRecord error = Ended(Pipeline.Of<ConnectXenHostCommand>().Run(), XenErrorId.XenNotAvailable, ErrorCategory.ResourceUnavailable);
        Assert.Contains("-Simulated", error.ErrorDetails!.RecommendedAction, StringComparison.Ordinal);
        Assert.Same(before, Host);
        Assert.Single(Monitors());
    }

    [Fact]
    public void Without_a_connection_the_first_use_looks_for_Xen()
    {
        if (File.Exists("/proc/xen/capabilities")) return; // This machine has Xen.
        XenHost.Disconnect();
        Refused(Pipeline.Of<GetXenDomainCommand>().Run(), XenErrorId.XenNotAvailable, ErrorCategory.ResourceUnavailable);
    }
}
