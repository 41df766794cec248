using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using XenVmEvent.Agent;
using XenVmEvent.Hypervisor;
using XenVmEvent.Recovery;
using XenVmEvent.Simulation;

namespace XenVmEvent.Cli;

/// <summary>Runs the agent until a signal ends it. SIGHUP makes it read its configuration and its policies again.</summary>
internal sealed class AgentRun(AgentArguments arguments) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _reloading = new();
    private AgentService? _service;

    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        AgentConfiguration configuration = AgentProblems.ReadValid(arguments.Configuration, arguments.Settings);

        // The process does not end yet: first the guests get everything back.
        using IDisposable signals = EndingSignals.Outlive(OnSignal);
        using IHypervisor hypervisor = Hosts.Connect(arguments.Simulate, trace: null, fast: false, arguments.NoGuard);
        if (RuntimeFeature.IsDynamicCodeCompiled) Rehearsal.EnsureDone(); // The published file is native code and does not need it.
        using AgentService service = new(hypervisor, configuration, new AgentLog(StandardError.Say, Remedies.Of));
        lock (_reloading) _service = service;
        StandardError.Say($"agent on {hypervisor.Description}: {Count(configuration.Policies.Count, "policy", "policies")}, {Count(configuration.Outputs.Count, "output", "outputs")}");
        if (configuration.Policies.Count == 0) StandardError.Say($"there is no policy in {configuration.PolicyFolder}, so no guest is watched");
        try
        {
            service.Run(_stop.Token);
        }
        finally
        {
            lock (_reloading) _service = null;
        }

        StandardError.Say("agent ended");
        return ExitCode.Success;
    }

    public void Dispose() => _stop.Dispose();

    private static string Count(int count, string one, string more) => count == 1 ? $"1 {one}" : $"{count} {more}";

    private void OnSignal(PosixSignal signal)
    {
        if (signal == PosixSignal.SIGHUP) Reload();
        else _stop.Cancel();
    }

    /// <summary>A configuration with problems is refused as a whole, and the one before stays.</summary>
    private void Reload()
    {
        lock (_reloading)
        {
            if (_service is not { } service) return;
            try
            {
                AgentConfiguration configuration = AgentProblems.ReadValid(arguments.Configuration, arguments.Settings);
                service.Reload(configuration);
                StandardError.Say($"configuration read again: {Count(configuration.Policies.Count, "policy", "policies")}, {Count(configuration.Outputs.Count, "output", "outputs")}");
            }
            catch (XenException e)
            {
                StandardError.Say(e);
                StandardError.Say("the configuration stays as it was");
            }
        }
    }
}
