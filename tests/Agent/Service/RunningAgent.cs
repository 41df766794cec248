using System.Collections.Concurrent;
using XenVmEvent.Events;
using XenVmEvent.Policy;
using XenVmEvent.PolicyFiles;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>An agent on a simulated host, with an output that keeps everything.</summary>
internal sealed class RunningAgent : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _said = new();
    private readonly TemporaryFolder _folder = new();
    private readonly Thread _thread;

    public RunningAgent(SimulatedHypervisor host, params string[] policies)
        : this(host, ServiceManager.Find(_ => null), policies)
    {
    }

    public RunningAgent(SimulatedHypervisor host, ServiceManager manager, params string[] policies)
    {
        Host = host;
        Configuration = Of(policies);
        Service = new AgentService(host, Configuration, new AgentLog(_said.Enqueue, error => error.Remedy), manager);
        _thread = new Thread(() => Service.Run(_stop.Token));
        _thread.Start();
    }

    public SimulatedHypervisor Host { get; }

    public AgentService Service { get; }

    public KeptOutput Output { get; } = new() { Name = "kept" };

    /// <summary>What it was begun with.</summary>
    public AgentConfiguration Configuration { get; }

    /// <summary>What it told.</summary>
    public IReadOnlyCollection<string> Said => _said;

    /// <summary>A configuration with these policies.</summary>
    public AgentConfiguration Of(params string[] policies) => new()
    {
        PolicyFolder = "policies.d",
        Policies = [.. policies.Select(Policy)],
        Outputs = [Output],
        Status = new StatusSettings { Socket = _folder["agent.sock"] },
    };

    /// <summary>Has it follow another configuration.</summary>
    public void Reload(AgentConfiguration configuration) => Service.Reload(() => configuration);

    /// <summary>The text of a policy for guests.</summary>
    public static string PolicyFor(string name, string domains, params string[] rules) =>
        $"{{version: 1, name: {name}, domains: ['{domains}'], rules: [{string.Join(", ", rules.Select(rule => $"{{{rule}}}"))}]}}";

    public void AwaitSaid(string text) => Until.True(() => Said.Any(one => one.Contains(text, StringComparison.Ordinal)));

    public IReadOnlyList<VmEvent> Events => [.. Output.Sink.Taken.Where(one => one.Event is not null).Select(one => one.Event!)];

    /// <summary>Has it begin to end, as a signal does.</summary>
    public void BeginStop() => _stop.Cancel();

    /// <summary>Ends it as a signal does.</summary>
    public void Stop()
    {
        BeginStop();
        Assert.True(_thread.Join(Until.Patience), "The agent did not end.");
    }

    public void Dispose()
    {
        Stop();
        Service.Dispose();
        _stop.Dispose();
        Host.Dispose();
        _folder.Dispose();
    }

    private static LoadedPolicy Policy(string text)
    {
        VmEventPolicy? policy = PolicyFile.Parse(text, _ => throw new NotSupportedException(), out IReadOnlyList<PolicyProblem> problems);
        Assert.Empty(problems);
        return new LoadedPolicy(policy!, $"{policy!.Name}.yaml", Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text))));
    }
}

/// <summary>An output that keeps what it takes.</summary>
internal sealed record KeptOutput : OutputSettings
{
    public KeepingSink Sink { get; } = new();

    public override string Place => "a test";

    public override IEventSink CreateSink(AgentIdentity agent) => Sink;
}

/// <summary>A sink that keeps what it takes.</summary>
internal sealed class KeepingSink : IEventSink
{
    private readonly ConcurrentQueue<OutgoingEvent> _taken = new();

    public IReadOnlyCollection<OutgoingEvent> Taken => _taken;

    public EventSinkState State => new(_taken.Count);

    public void Write(IReadOnlyList<OutgoingEvent> batch)
    {
        foreach (OutgoingEvent one in batch) _taken.Enqueue(one);
    }

    public void Dispose()
    {
    }
}
