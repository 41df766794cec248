using System.Management.Automation;
using XenVmEvent.Agent;
using XenVmEvent.Agent.Tests;
using XenVmEvent.PS;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>Get-XenMonitorAgent, asking a running agent.</summary>
public sealed class GetXenMonitorAgentTests : CmdletTest
{
    private readonly TemporaryFolder _folder = new();

    protected override void Dispose(bool disposing)
    {
        if (disposing) _folder.Dispose();
        base.Dispose(disposing);
    }

    [Fact]
    public void It_tells_guests_policies_and_outputs()
    {
        string socket = _folder["agent.sock"];
        _folder.Write("policies.d/leaves.yaml", "version: 1", "name: leaves", "domains: ['*']", "rules:", "- {name: leaf, event: Cpuid}");
        _folder.Write("agent.yaml", "version: 1", $"status: {{socket: {socket}}}", "outputs:", $"  events: {{type: file, path: {_folder["events.jsonl"]}}}");
        AgentConfiguration? configuration = AgentConfigurationFile.Read(_folder["agent.yaml"], [], out IReadOnlyList<Policy.PolicyProblem> problems);
        Assert.Empty(problems);
        using SimulatedHypervisor host = new(new SimulationOptions { Domains = [new() { Id = 7, Name = "web01" }] });
        using AgentService agent = new(host, configuration!, new AgentLog(_ => { }, e => e.Remedy), ServiceManager.Find(_ => null));
        using CancellationTokenSource stop = new();
        Task run = Task.Run(() => agent.Run(stop.Token));
        AgentStatus? status = null;
        Until(() => File.Exists(socket) && (status = Ask(socket).OutputOf<AgentStatus>().FirstOrDefault()) is { Guests.Count: 1 });
        Assert.Equal((Environment.ProcessId, configuration!.PolicyHash), (status!.ProcessId, status.PolicyHash));
        Assert.Equal(("web01", 7u, "leaves"), (status.Guests[0].Domain, status.Guests[0].DomainId, Assert.Single(status.Guests[0].Policies)));
        Assert.Equal("leaves", Assert.Single(status.Policies).Name);
        Assert.Equal("events", Assert.Single(status.Outputs).Name);
        stop.Cancel();
        Until(() => run.IsCompleted);
    }

    [Fact]
    public void Where_none_answers_there_is_an_error()
    {
        ErrorRecord error = Ask(_folder["none.sock"]).TerminatingError!;
        Assert.Equal(("AgentNotAvailable,XenVmEvent.PS.GetXenMonitorAgentCommand", ErrorCategory.ResourceUnavailable), (error.FullyQualifiedErrorId, error.CategoryInfo.Category));
        Assert.Equal(_folder["none.sock"], error.TargetObject);
        Assert.NotEmpty(error.ErrorDetails!.RecommendedAction);
    }

    private static PipelineOutcome Ask(string socket) => Pipeline.Of<GetXenMonitorAgentCommand>(socket).Run();
}
