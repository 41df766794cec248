using System.Text;
using System.Text.RegularExpressions;

namespace System.Management.Automation;

/// <summary>*, ?, [a-c] and the backtick that makes them literal.</summary>
public sealed class WildcardPattern
{
    private readonly string _pattern;
    private readonly Regex? _regex;

    private WildcardPattern(string pattern)
    {
        _pattern = pattern;
        _regex = Translate(pattern);
    }

    public static WildcardPattern Get(string pattern, WildcardOptions options) =>
        options == WildcardOptions.IgnoreCase ? new WildcardPattern(pattern) : throw new NotSupportedException($"The stand-in does not match wildcards with {options}.");

    public static bool ContainsWildcardCharacters(string pattern)
    {
        for (int i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] == '`') i++;
            else if (pattern[i] is '*' or '?' or '[' or ']') return true;
        }

        return false;
    }

    public bool IsMatch(string input) =>
        _regex?.IsMatch(input) ?? throw new WildcardPatternException($"The specified wildcard character pattern is not valid: {_pattern}");

    private static Regex? Translate(string pattern)
    {
        StringBuilder regex = new("^");
        for (int i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '*': regex.Append(".*"); break;
                case '?': regex.Append('.'); break;
                case '`' when i + 1 < pattern.Length: regex.Append(Regex.Escape($"{pattern[++i]}")); break;
                case '[':
                    // A bracket that comes first within brackets is one of the characters.
                    int end = i + 2 <= pattern.Length ? pattern.IndexOf(']', Math.Min(i + 2, pattern.Length)) : -1;
                    if (end < 0) return null;
                    string set = pattern[(i + 1)..end];
                    if (set.Contains('`', StringComparison.Ordinal)) throw new NotSupportedException("The stand-in does not escape within brackets.");
                    for (int c = 1; c + 1 < set.Length; c++)
                    {
                        if (set[c] == '-' && set[c + 1] < set[c - 1]) return null;
                    }

                    regex.Append('[').Append(set.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("]", "\\]", StringComparison.Ordinal).Replace("[", "\\[", StringComparison.Ordinal).Replace("^", "\\^", StringComparison.Ordinal)).Append(']');
                    i = end;
                    break;
                default: regex.Append(Regex.Escape($"{pattern[i]}")); break;
            }
        }

        return new Regex(regex.Append("\\z").ToString(), RegexOptions.IgnoreCase | RegexOptions.Singleline | RegexOptions.CultureInvariant);
    }
}
