using XenVmEvent.Policy;
using XenVmEvent.PolicyFiles;

namespace XenVmEvent.Agent;

/// <summary>
/// The tree of a configuration: its file, the drop-ins beside it in the order of their names, and settings from the
/// command line. What comes later wins, key by key.
/// </summary>
internal static class ConfigurationTree
{
    /// <summary>Reads all of it.</summary>
    /// <returns>The tree; null if the file itself is no tree.</returns>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidConfiguration"/>: a file cannot be read.</exception>
    public static PolicyNode? Read(string path, IEnumerable<string> settings, List<PolicyProblem> problems)
    {
        PolicyNode? tree = null;
        foreach (string file in (string[])[path, .. DropIns(path)])
        {
            if (YamlFile.Read(file, out PolicyProblem? problem) is { } next) tree = tree is null ? next : Merge(tree, next);
            else problems.Add(problem!);
        }

        foreach (string setting in settings)
        {
            if (Parse(setting, problems) is { } next) tree = tree is null ? next : Merge(tree, next);
        }

        return tree;
    }

    private static IEnumerable<string> DropIns(string path)
    {
        string folder = path + ".d";
        try
        {
            return Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.yaml").Where(file => Path.GetFileName(file)[0] != '.').Order(StringComparer.Ordinal) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new XenException(XenErrorId.InvalidConfiguration, $"The folder '{folder}' cannot be read: {e.Message}", "Give it the permissions that it needs, or remove it.", e);
        }
    }

    /// <summary>A setting such as <c>outputs.events.path=/var/log/events.jsonl</c> as a tree. Its value is YAML.</summary>
    private static PolicyNode? Parse(string setting, List<PolicyProblem> problems)
    {
        string source = $"--set {setting}";
        int end = setting.IndexOf('=', StringComparison.Ordinal);
        if (end <= 0)
        {
            problems.Add(new PolicyProblem(1, 1, "A setting is a key and its value, as in 'outputs.events.path=/var/log/events.jsonl'.", source));
            return null;
        }

        // The spaces put the value where it is in the setting, for problems to name its column.
        PolicyNode? value = YamlFile.Parse(new string(' ', end + 1) + setting[(end + 1)..], source, out PolicyProblem? problem);
        if (value is null)
        {
            problems.Add(problem!);
            return null;
        }

        string[] keys = setting[..end].Split('.');
        int column = end + 1;
        for (int i = keys.Length - 1; i >= 0; i--)
        {
            column -= keys[i].Length;
            value = PolicyNode.Map([new(PolicyNode.Word(keys[i], 1, column, source), value)], 1, column, source);
            column--;
        }

        return value;
    }

    private static PolicyNode Merge(PolicyNode lower, PolicyNode upper)
    {
        if (lower.Kind != PolicyNodeKind.Map || upper.Kind != PolicyNodeKind.Map) return upper;
        List<KeyValuePair<PolicyNode, PolicyNode>> entries = [];
        HashSet<PolicyNode> used = [];
        foreach (KeyValuePair<PolicyNode, PolicyNode> entry in lower.Entries)
        {
            KeyValuePair<PolicyNode, PolicyNode> winner = upper.Entries.FirstOrDefault(one => IsSame(one.Key, entry.Key) && !used.Contains(one.Key));
            if (winner.Key is null)
            {
                entries.Add(entry);
                continue;
            }

            used.Add(winner.Key);
            entries.Add(new(winner.Key, Merge(entry.Value, winner.Value)));
        }

        // A key that comes twice in one file stays so, and is told.
        entries.AddRange(upper.Entries.Where(entry => !used.Contains(entry.Key)));
        return PolicyNode.Map(entries, lower.Line, lower.Column, lower.Source);
    }

    private static bool IsSame(PolicyNode one, PolicyNode other) => one.Kind == PolicyNodeKind.Word && other.Kind == PolicyNodeKind.Word && one.Text == other.Text;
}
