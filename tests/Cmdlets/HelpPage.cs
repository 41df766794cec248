using System.Text.RegularExpressions;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>A cmdlet's page in docs/cmdlets, as far as the tests read it.</summary>
internal sealed partial class HelpPage
{
    private readonly string _text;

    private HelpPage(string name, string text)
    {
        Name = name;
        _text = text;
        string parameters = Section("PARAMETERS");
        Parameters = [.. ParameterHeading().Matches(parameters).Select(m => new HelpPageParameter(m.Groups["Name"].Value, m.Groups["Words"].Value, m.Groups["Yaml"].Value))];
    }

    public string Name { get; }

    public IReadOnlyList<HelpPageParameter> Parameters { get; }

    /// <summary>The types that come out, each with words.</summary>
    public IEnumerable<string> Outputs => OutputHeading().Matches(Section("OUTPUTS")).Select(m => m.Groups[1].Value);

    /// <summary>The files that the related links name.</summary>
    public IEnumerable<string> Links => Link().Matches(Section("RELATED LINKS")).Select(m => m.Groups[1].Value);

    /// <summary>Whether PlatyPS's mark of what is still to be written stands in it.</summary>
    public bool HasPlaceholder => _text.Contains("{{", StringComparison.Ordinal);

    public int Examples => ExampleHeading().Count(Section("EXAMPLES"));

    /// <summary>All pages, by the folder that they lie in.</summary>
    public static IReadOnlyList<HelpPage> ReadAll() =>
        [.. Directory.GetFiles(Path.Combine(BuiltModule.Root, "docs", "cmdlets"), "*.md").Order(StringComparer.Ordinal).Select(f => new HelpPage(Path.GetFileNameWithoutExtension(f), File.ReadAllText(f)))];

    /// <summary>What stands under a heading of the second level.</summary>
    public string Section(string heading)
    {
        Match section = Regex.Match(_text, $@"^## {heading}\n(?<Body>.*?)(?=^## |\z)", RegexOptions.Multiline | RegexOptions.Singleline);
        return section.Groups["Body"].Value.Trim();
    }

    [GeneratedRegex(@"^### -(?<Name>\w+)\n\n(?<Words>.*?)\n\n```yaml\n(?<Yaml>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex ParameterHeading();

    [GeneratedRegex(@"^### (\S+)\n\n\S", RegexOptions.Multiline)]
    private static partial Regex OutputHeading();

    [GeneratedRegex(@"\]\(([^)]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^### Example \d+: \S.*\n\n```powershell\n", RegexOptions.Multiline)]
    private static partial Regex ExampleHeading();
}
