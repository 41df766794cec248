using System.Text.RegularExpressions;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>A parameter as its page tells of it.</summary>
/// <param name="Name">The name.</param>
/// <param name="Words">What it is for.</param>
/// <param name="Yaml">The block of facts.</param>
internal sealed partial record HelpPageParameter(string Name, string Words, string Yaml)
{
    public string Type => Value("Type");

    public string Default => Value("DefaultValue").Trim('\'');

    public IReadOnlyList<string> Aliases => List("Aliases");

    public IReadOnlyList<string> AcceptedValues => List("AcceptedValues");

    /// <summary>For each parameter set its name, position, whether it is required, and how it takes pipeline input.</summary>
    public IEnumerable<string> Sets => SetOf().Matches(Yaml).Select(m => string.Join(", ", m.Groups.Values.Skip(1).Select(g => g.Value)));

    private string Value(string key) => Regex.Match(Yaml, $@"^{key}: (?<Value>.*)$", RegexOptions.Multiline).Groups["Value"].Value;

    private string[] List(string key) =>
        [.. Regex.Match(Yaml, $@"^{key}:\n(?:- (?<Item>.*)\n)+", RegexOptions.Multiline).Groups["Item"].Captures.Select(c => c.Value)];

    [GeneratedRegex(@"- Name: (.*)\n  Position: (.*)\n  IsRequired: (.*)\n  ValueFromPipeline: (.*)\n  ValueFromPipelineByPropertyName: (.*)\n")]
    private static partial Regex SetOf();
}
