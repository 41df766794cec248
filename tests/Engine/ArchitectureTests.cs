using System.Text.RegularExpressions;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Tests;

/// <summary>The arrows in docs/architecture.md match the sources and the assemblies.</summary>
public sealed partial class ArchitectureTests
{
    /// <summary>The namespaces that a file uses. An unnecessary using directive does not compile here.</summary>
    [Fact]
    public void The_arrows_between_parts_are_those_of_the_sources()
    {
        SortedDictionary<string, SortedSet<string>> used = new(StringComparer.Ordinal);
        string[] parts = [.. Drawn().Keys];
        foreach (string file in Directory.EnumerateFiles(Repository.PathOf("src"), "*.cs", SearchOption.AllDirectories))
        {
            if (file.Contains("/obj/", StringComparison.Ordinal) || file.Contains("/bin/", StringComparison.Ordinal)) continue;
            string source = File.ReadAllText(file);
            if (Namespace().Match(source) is not { Success: true } match) continue;
            string part = match.Groups[1].Value;
            if (!used.TryGetValue(part, out SortedSet<string>? others)) used[part] = others = new(StringComparer.Ordinal);
            foreach (Match one in Using().Matches(source)) others.Add(one.Groups[1].Value);
            foreach (string other in parts)
            {
                if (Regex.IsMatch(source, $@"(?<![\w.]){Regex.Escape(other)}\.[A-Z]\w*")) others.Add(other);
            }

            int parent = part.LastIndexOf('.');
            if (parent > 0) others.Add(part[..parent]); // Its types need no using.
            others.Remove(part);
        }

        Assert.Equal(Lines(Drawn()), Lines(used));
    }

    [Fact]
    public void No_arrow_points_back()
    {
        IReadOnlyDictionary<string, SortedSet<string>> drawn = Drawn();
        HashSet<string> done = [];
        while (done.Count < drawn.Count)
        {
            string[] next = [.. drawn.Where(one => !done.Contains(one.Key) && one.Value.IsSubsetOf(done)).Select(one => one.Key)];
            Assert.True(next.Length > 0, $"These parts use each other in a circle: {string.Join(", ", drawn.Keys.Except(done))}.");
            done.UnionWith(next);
        }
    }

    [Fact]
    public void Every_name_in_the_document_is_one_of_the_sources()
    {
        HashSet<string> words = [];
        foreach (string file in Directory.EnumerateFiles(Repository.Root, "*.cs", SearchOption.AllDirectories))
        {
            if (!file.Contains("/obj/", StringComparison.Ordinal)) words.UnionWith(Word().Matches(File.ReadAllText(file)).Select(one => one.Value));
        }

        string[] named = [.. Name().Matches(File.ReadAllText(Repository.PathOf("docs/architecture.md"))).Select(one => one.Groups[1].Value).Distinct()];
        Assert.NotEmpty(named);
        Assert.All(named, name => Assert.Contains(name, words));
    }

    [Theory]
    [InlineData(typeof(XenException), new string[0])]
    [InlineData(typeof(SimulatedHypervisor), new[] { "XenVmEvent.Engine" })]
    public void An_assembly_references_the_runtime_and_what_is_drawn(Type inside, string[] drawn) =>
        Assert.Equal(drawn, inside.Assembly.GetReferencedAssemblies().Select(one => one.Name!).Where(name => !name.StartsWith("System.", StringComparison.Ordinal) && name != "Microsoft.Win32.Primitives"));

    private static SortedDictionary<string, SortedSet<string>> Drawn()
    {
        SortedDictionary<string, SortedSet<string>> drawn = new(StringComparer.Ordinal);
        foreach (Match line in Arrow().Matches(File.ReadAllText(Repository.PathOf("docs/architecture.md"))))
        {
            drawn.Add(line.Groups[1].Value, new(line.Groups[2].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), StringComparer.Ordinal));
        }

        return drawn;
    }

    private static IEnumerable<string> Lines(SortedDictionary<string, SortedSet<string>> arrows) =>
        arrows.Select(one => $"{one.Key} -> {string.Join(", ", one.Value)}");

    [GeneratedRegex(@"^namespace XenVmEvent\.([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^using XenVmEvent\.([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Using();

    /// <summary>A type or a member in code quotes, perhaps after its room.</summary>
    [GeneratedRegex(@"`(?:\w+/)*(?:\w+\.)?([A-Z]\w+)`")]
    private static partial Regex Name();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();

    [GeneratedRegex(@"^([A-Z][\w.]+) ->(.*)$", RegexOptions.Multiline)]
    private static partial Regex Arrow();
}
