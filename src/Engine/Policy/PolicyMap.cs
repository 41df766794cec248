using System.Globalization;
using XenVmEvent.Events;

namespace XenVmEvent.Policy;

/// <summary>
/// A map of a policy's file, whose keys are taken one by one. What is wrong is noted, and reading goes on with a
/// default, so that one look finds all problems. At the end, keys that nobody took are problems.
/// </summary>
internal sealed class PolicyMap
{
    /// <summary>No list or map in a policy has more entries.</summary>
    public const int MostEntries = 1000;

    private const int LongestText = 1000;

    private readonly PolicyNode _node;
    private readonly List<PolicyProblem> _problems;
    private readonly Dictionary<string, PolicyNode> _values = new(StringComparer.Ordinal);
    private readonly HashSet<string> _taken = [];

    public PolicyMap(PolicyNode node, string what, List<PolicyProblem> problems)
    {
        _node = node;
        _problems = problems;
        if (node.Kind != PolicyNodeKind.Map)
        {
            Note(node, $"{what} is a map of keys and values.");
            return;
        }

        if (node.Entries.Count > MostEntries) Note(node, $"There are more than {MostEntries} entries.");
        foreach ((PolicyNode key, PolicyNode value) in node.Entries)
        {
            if (key.Kind != PolicyNodeKind.Word) Note(key, "A key is a word.");
            else if (!_values.TryAdd(key.Text, value)) Note(key, $"'{Short(key.Text)}' comes twice.");
        }
    }

    /// <summary>Where it begins.</summary>
    public PolicyNode Node => _node;

    /// <summary>The value of a key; null if the key is not there.</summary>
    public PolicyNode? Take(string key)
    {
        _taken.Add(key);
        return _values.GetValueOrDefault(key);
    }

    /// <summary>Whether the key is there; does not take it.</summary>
    public bool Has(string key) => _values.ContainsKey(key);

    /// <summary>The text of a key; null if the key is not there.</summary>
    public string? TakeText(string key)
    {
        if (Take(key) is not { } node) return null;
        return TextOf(node, key);
    }

    /// <summary>The text of a key that must be there.</summary>
    public string RequireText(string key)
    {
        if (!_values.ContainsKey(key)) Note(_node, $"'{key}' is missing.");
        return TakeText(key) ?? "";
    }

    public bool TakeBoolean(string key)
    {
        if (Take(key) is not { } node) return false;
        if (node is { Kind: PolicyNodeKind.Word, Text: "true" or "false" }) return node.Text == "true";
        Note(node, $"'{key}' is true or false.");
        return false;
    }

    public ulong? TakeNumber(string key, ulong most, string what)
    {
        if (Take(key) is not { } node) return null;
        if (node.Kind == PolicyNodeKind.Word && NumberText.TryParse(node.Text.Replace("_", "", StringComparison.Ordinal), out ulong number) && number <= most) return number;
        Note(node, $"'{key}' is {what}.");
        return null;
    }

    /// <summary>A time such as <c>50ms</c>, <c>1.5s</c> or <c>2min</c>; a number alone is in seconds.</summary>
    public TimeSpan? TakeDuration(string key, TimeSpan longest)
    {
        if (Take(key) is not { } node) return null;
        if (node.Kind == PolicyNodeKind.Word && ReadDuration(node.Text) is { } time && time <= longest) return time;
        Note(node, $"'{key}' is a time of at most {longest.TotalSeconds.ToString(CultureInfo.InvariantCulture)} seconds, such as 50ms, 1.5s or 2min.");
        return null;
    }

    /// <summary>One of the names of an enumeration, whose first letter may be small.</summary>
    public T? TakeName<T>(string key) where T : struct, Enum => Take(key) is { } node ? NameOf<T>(node, key) : null;

    /// <summary>A word, or a list of words.</summary>
    public IReadOnlyList<PolicyNode> TakeWords(string key)
    {
        if (Take(key) is not { } node) return [];
        IReadOnlyList<PolicyNode> words = node.Kind == PolicyNodeKind.List ? node.Items : [node];
        if (words.Count == 0) Note(node, $"'{key}' is empty.");
        if (words.Count > MostEntries) Note(node, $"'{key}' has more than {MostEntries} entries.");
        if (words.FirstOrDefault(word => word.Kind != PolicyNodeKind.Word) is { } other)
        {
            Note(other, $"'{key}' is a word or a list of words.");
            return [];
        }

        return words;
    }

    /// <summary>Notes the keys that nobody has taken.</summary>
    /// <param name="what">What has no such key, as part of a sentence.</param>
    /// <param name="elsewhere">Keys that make sense elsewhere, and where, as the rest of a sentence.</param>
    public void RefuseOthers(string what, Func<string, string?>? elsewhere = null)
    {
        foreach ((PolicyNode key, _) in _node.Entries)
        {
            if (key.Kind != PolicyNodeKind.Word || _taken.Contains(key.Text)) continue;
            string rest = elsewhere?.Invoke(key.Text) is { } where ? $": {where}" : NearestName.Question(key.Text, _taken);
            Note(key, $"{what} has no '{Short(key.Text)}'{rest}");
        }
    }

    public string? TextOf(PolicyNode node, string key)
    {
        if (node.Kind == PolicyNodeKind.Word && node.Text.Length is > 0 and <= LongestText) return node.Text;
        Note(node, $"'{key}' is a text of 1 to {LongestText} characters.");
        return null;
    }

    public T? NameOf<T>(PolicyNode node, string key) where T : struct, Enum
    {
        string[] names = Enum.GetNames<T>();
        string? name = node.Kind == PolicyNodeKind.Word ? Array.Find(names, one => one.Equals(node.Text, StringComparison.OrdinalIgnoreCase)) : null;
        if (name is not null) return Enum.Parse<T>(name);
        string near = node.Kind == PolicyNodeKind.Word && NearestName.Find(node.Text, names) is { } found ? $" Did you mean '{Written(found)}'?" : "";
        Note(node, $"'{key}' is one of {string.Join(", ", names.Select(Written))}.{near}");
        return null;
    }

    public void Note(PolicyNode node, string message) => _problems.Add(new PolicyProblem(node.Line, node.Column, message, node.Source));

    public void Note(PolicyNode node, int offset, string message) => _problems.Add(new PolicyProblem(node.Line, node.Column + offset, message, node.Source));

    /// <summary>A name as a policy writes it: kinds of event keep their capital, other words begin with a small letter.</summary>
    public static string Written(string name) =>
        Enum.TryParse<Abi.VmEventKind>(name, out _) || name.Length < 2 || char.IsUpper(name[1]) ? name : char.ToLowerInvariant(name[0]) + name[1..];

    /// <summary>A text of the file in a message.</summary>
    public static string Short(string text) => text.Length <= 40 ? text : text[..40] + "...";

    private static TimeSpan? ReadDuration(string text)
    {
        (string unit, double seconds) = Array.Find<(string, double)>([("ms", 0.001), ("min", 60), ("h", 3600), ("s", 1)], one => text.EndsWith(one.Item1, StringComparison.Ordinal));
        string number = unit is null ? text : text[..^unit.Length];
        return double.TryParse(number.Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
            && value * (unit is null ? 1 : seconds) is > 0 and < 1e9 and var all ? TimeSpan.FromSeconds(all) : null;
    }
}
