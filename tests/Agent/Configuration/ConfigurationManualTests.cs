using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using XenVmEvent.Policy;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>The manual page of the configuration names every key that is read, each in its place, and no other.</summary>
public sealed class ConfigurationManualTests : IDisposable
{
    private static readonly string[] Readers = ["ConfigurationReader.cs", "OutputReader.cs"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_key_is_in_its_place()
    {
        Dictionary<string, string[]> keys = [];
        foreach (string section in Regex.Split(File.ReadAllText(FromHere("../../../packaging/man/xenvmevent-agent.yaml.5")), @"^\.S[hs] ", RegexOptions.Multiline)[1..])
        {
            string[] lists = Regex.Split(section, @"^\.Pp\n\.Cm (\w+) :\n", RegexOptions.Multiline);
            keys.Add(section.Split('\n')[0], Keys(lists[0]));
            for (int i = 1; i < lists.Length; i += 2) keys.Add(lists[i], Keys(lists[i + 1]));
        }

        AssertKnown(keys["DESCRIPTION"], key => $"{{{key}: []}}");
        foreach (string part in new[] { "limits", "metrics", "status" }) AssertKnown(keys[part], key => $"{{{part}: {{{key}: []}}}}");
        foreach (string type in new[] { "file", "journal", "redis" })
            AssertKnown([.. keys["outputs"].Where(key => key != "type"), .. keys[type]], key => $"{{outputs: {{a: {{type: {type}, {key}: []}}}}}}");

        string[] parts = ["limits", "metrics", "outputs", "status"];
        Assert.Equal(KeysInSources().Except(parts).Order(), keys.Values.SelectMany(one => one).Distinct().Order());
        Assert.All(parts, part => Assert.Contains(part, keys.Keys));
    }

    private static string[] Keys(string list) =>
        [.. Regex.Matches(list, @"^\.It Cm (.+)$", RegexOptions.Multiline).SelectMany(item => item.Groups[1].Value.Split(" , "))];

    /// <summary>The keys that the readers ask for.</summary>
    private static IEnumerable<string> KeysInSources() => Readers
        .SelectMany(file => File.ReadLines(FromHere($"../../../src/Agent/Configuration/{file}")))
        .Where(line => !line.TrimStart().StartsWith("///", StringComparison.Ordinal))
        .SelectMany(line => Regex.Matches(line, "\"([a-z][A-Za-z]*)\"").Select(key => key.Groups[1].Value)).Distinct();

    private void AssertKnown(IEnumerable<string> keys, Func<string, string> configuration)
    {
        foreach (string key in keys)
        {
            _ = AgentConfigurationFile.Read(_folder.Write("agent.yaml", configuration(key)), [], out IReadOnlyList<PolicyProblem> problems);
            Assert.NotEmpty(problems);
            Assert.DoesNotContain(problems, problem => problem.Message.Contains($"has no '{key}'", StringComparison.Ordinal));
        }
    }

    private static string FromHere(string file, [CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, file);
}
