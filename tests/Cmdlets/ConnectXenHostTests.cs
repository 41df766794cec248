using System.Management.Automation;
using XenVmEvent.Abi;
using XenVmEvent.Cmdlets.Tests.StandIn;
using XenVmEvent.Events;
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

    [Fact]
    public void A_recording_is_replayed_to_its_end_without_an_error()
    {
        string file = Path.GetTempFileName();
        try
        {
            VmEvent[] events = Pipeline.Of<WatchXenVmEventCommand>("web01", VmEventKind.Cpuid).With("First", 20).Run().OutputOf<VmEvent>();
            Pipeline.Of<ExportXenVmEventCommand>(file).From([.. events]).Run();
            Pipeline.Of<ConnectXenHostCommand>().With("Simulated").With("Trace", file).With("Fast").Run();
            PipelineOutcome outcome = Pipeline.Of<WatchXenVmEventCommand>("web01", VmEventKind.Cpuid).Run();
            Assert.Empty(outcome.Errors);
            Assert.Equal(events.Select(e => e.ToString()).Order(), outcome.OutputOf<VmEvent>().Select(e => e.ToString()).Order());
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void A_recording_is_replayed_by_a_simulated_host_only()
    {
        Ended(Pipeline.Of<ConnectXenHostCommand>().With("Trace", "a.jsonl").Run(), XenErrorId.NotSupported, ErrorCategory.NotImplemented);
        Ended(Pipeline.Of<ConnectXenHostCommand>().With("Simulated").With("Fast").Run(), XenErrorId.NotSupported, ErrorCategory.NotImplemented);
        Ended(Pipeline.Of<ConnectXenHostCommand>().With("Simulated").With("Trace", "/none").Run(), XenErrorId.RecordingFailed, ErrorCategory.OpenError);
    }
}
