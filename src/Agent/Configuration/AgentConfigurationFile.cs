using XenVmEvent.Policy;
using XenVmEvent.PolicyFiles;

namespace XenVmEvent.Agent;

/// <summary>Reads an agent's configuration with its drop-ins and its policies. It touches no guest and no output.</summary>
public static class AgentConfigurationFile
{
    /// <summary>Reads a configuration, or finds all that is wrong with it.</summary>
    /// <param name="path">The file. Drop-ins are the files <c>*.yaml</c> in the folder of its name with <c>.d</c>.</param>
    /// <param name="settings">Settings that win over the files, as in <c>limits.buffer=8192</c>.</param>
    /// <param name="problems">What is wrong, each with its file, line and column; empty if nothing is.</param>
    /// <returns>The configuration; null if anything is wrong.</returns>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidConfiguration"/>: a file cannot be read.</exception>
    public static AgentConfiguration? Read(string path, IReadOnlyList<string> settings, out IReadOnlyList<PolicyProblem> problems)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(settings);
        path = Path.GetFullPath(path);
        List<PolicyProblem> found = [];
        problems = found;
        if (ConfigurationTree.Read(path, settings, found) is not { } tree) return null;
        ConfigurationReader reader = new(tree, Path.GetDirectoryName(path)!, found);
        AgentConfiguration configuration = reader.Read();
        configuration = configuration with { Policies = ReadPolicies(configuration.PolicyFolder, reader, found) };
        return found.Count == 0 ? configuration : null;
    }

    private static List<LoadedPolicy> ReadPolicies(string folder, ConfigurationReader reader, List<PolicyProblem> problems)
    {
        List<LoadedPolicy> policies = [];
        foreach (string file in PolicyFilesIn(folder, reader))
        {
            if (Read(file, problems) is not { } policy) continue;
            if (policies.Find(one => one.Policy.Name == policy.Policy.Name) is { } other)
                problems.Add(new PolicyProblem(1, 1, $"The policy in '{other.Path}' is called '{policy.Policy.Name}' too: each policy has a name of its own.", file));
            else policies.Add(policy);
        }

        return policies;
    }

    private static IEnumerable<string> PolicyFilesIn(string folder, ConfigurationReader reader)
    {
        try
        {
            return Directory.EnumerateFiles(folder)
                .Where(file => Path.GetFileName(file)[0] != '.' && Path.GetExtension(file) is ".yaml" or ".yml" or ".json")
                .Order(StringComparer.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            reader.NoteFolder($"The folder '{folder}' of policies cannot be read: {e.Message}");
            return [];
        }
    }

    private static LoadedPolicy? Read(string file, List<PolicyProblem> problems)
    {
        try
        {
            if (PolicyFile.Read(file, out string sha256, out IReadOnlyList<PolicyProblem> its) is { } policy) return new LoadedPolicy(policy, file, sha256);
            problems.AddRange(its.Select(one => new PolicyProblem(one.Line, one.Column, one.Message, file)));
        }
        catch (XenException e)
        {
            problems.Add(new PolicyProblem(1, 1, e.Message, file));
        }

        return null;
    }
}
