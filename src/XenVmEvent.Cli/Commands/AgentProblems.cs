using XenVmEvent.Agent;
using XenVmEvent.Policy;

namespace XenVmEvent.Cli;

/// <summary>What is wrong with an agent's configuration, in the form that editors know.</summary>
internal static class AgentProblems
{
    /// <summary>A problem in a line.</summary>
    public static string Of(PolicyProblem problem) => $"{problem.Source}:{problem.Line}:{problem.Column}: {problem.Message}";

    /// <summary>Reads a configuration that must not have any.</summary>
    /// <exception cref="XenException">It has, and they were told.</exception>
    public static AgentConfiguration ReadValid(string path, IReadOnlyList<string> settings)
    {
        if (AgentConfigurationFile.Read(path, settings, out IReadOnlyList<PolicyProblem> problems) is { } configuration) return configuration;
        foreach (PolicyProblem problem in problems) StandardError.Say(Of(problem));
        throw new XenException(XenErrorId.InvalidConfiguration, $"The configuration '{path}' is wrong in {problems.Count} places.", "Correct the files. 'xenvmevent agent check' tells when they are right.");
    }
}
