using System.Globalization;
using System.Text;
using XenVmEvent.Agent;
using XenVmEvent.Policy;

namespace XenVmEvent.Cli;

/// <summary>Checks an agent's configuration, and prints what it says or what is wrong with it.</summary>
internal sealed class AgentCheckRun(string path, IReadOnlyList<string> settings)
{
    /// <returns>The process's exit code: success if it is valid.</returns>
    public int Run()
    {
        using Stream output = StandardOutput.Open();
        StringBuilder text = new();
        AgentConfiguration? configuration = AgentConfigurationFile.Read(path, settings, out IReadOnlyList<PolicyProblem> problems);
        foreach (PolicyProblem problem in problems) text.Append(CultureInfo.InvariantCulture, $"{AgentProblems.Of(problem)}\n");
        if (configuration is not null) Describe(configuration, text);
        output.Write(Encoding.UTF8.GetBytes(text.ToString()));
        return configuration is null ? ExitCode.Failure : ExitCode.Success;
    }

    private void Describe(AgentConfiguration configuration, StringBuilder text)
    {
        text.Append(CultureInfo.InvariantCulture, $"{path}: valid. Policies: {configuration.Policies.Count}, outputs: {configuration.Outputs.Count}.\n");
        foreach (LoadedPolicy one in configuration.Policies)
        {
            string mode = one.Policy.Mode == PolicyMode.Enforce ? "answers" : "watches";
            text.Append(CultureInfo.InvariantCulture, $"policy {one.Policy.Name} {mode}, for {string.Join(", ", one.Policy.Domains)}: {one.Path}, sha256 {one.Sha256}\n");
        }

        foreach (OutputSettings output in configuration.Outputs) text.Append(CultureInfo.InvariantCulture, $"output {output.Name}: {output.Place}\n");
    }
}
