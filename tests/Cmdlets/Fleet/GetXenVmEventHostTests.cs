using System.Management.Automation;
using XenVmEvent.Agent;
using XenVmEvent.Agent.Tests;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>Get-XenVmEventHost on a real redis-server. What it makes of streams is in tests/Agent.</summary>
public sealed class GetXenVmEventHostTests : CmdletTest
{
    private readonly HostStreams _fleet;

    public GetXenVmEventHostTests() => _fleet = new HostStreams();

    protected override void Dispose(bool disposing)
    {
        if (disposing) _fleet.Dispose();
        base.Dispose(disposing);
    }

    [Fact]
    public void Each_host_is_an_object()
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        _fleet.Send("dom0-1", now, $$"""{"started":"{{now:O}}","previous":null,"complete":true,"version":"0.1.0","policyHash":"{{new string('a', 64)}}","clockSkew":2}""");
        _fleet.SendEvents("dom0-2", now);
        _fleet.SendEvents("lab-1", now);
        _fleet.Database.StringSet(HostStreams.Key("dom0-3"), "no stream");
        PipelineOutcome outcome = Pipeline.Of<GetXenVmEventHostCommand>(_fleet.Server.Address).With("HostName", "dom0-*").Run();
        Assert.Null(outcome.TerminatingError);
        FleetHost[] hosts = outcome.OutputOf<FleetHost>();
        Assert.Equal([("dom0-1", "0.1.0"), ("dom0-2", null)], hosts.Select(host => (host.HostName, host.AgentVersion)));
        Assert.Equal("dom0-3: its key is not a stream.", Assert.Single(outcome.Warnings));
    }

    [Fact]
    public void Where_no_host_has_sent_anything_there_is_a_warning()
    {
        Assert.Equal($"No agent has sent anything to {_fleet.Server.Address}.", Assert.Single(Pipeline.Of<GetXenVmEventHostCommand>(_fleet.Server.Address).Run().Warnings));
        Assert.Equal($"No agent of the hosts lab-* has sent anything to {_fleet.Server.Address}.", Assert.Single(Pipeline.Of<ReceiveXenVmEventCommand>(_fleet.Server.Address).With("HostName", "lab-*").Run().Warnings));
    }

    [Fact]
    public void Without_Redis_there_is_an_error()
    {
        _fleet.Server.Kill();
        ErrorRecord error = Pipeline.Of<GetXenVmEventHostCommand>(_fleet.Server.Address).Run().TerminatingError!;
        Assert.Equal(("RedisFailed,XenVmEvent.PS.GetXenVmEventHostCommand", ErrorCategory.ConnectionError), (error.FullyQualifiedErrorId, error.CategoryInfo.Category));
    }
}
