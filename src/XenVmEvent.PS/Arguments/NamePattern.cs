using System.Management.Automation;

namespace XenVmEvent.PS;

/// <summary>
/// Names as users write them, with or without wildcards. Upper and lower case are the same. What has a bracket without an
/// end is only a name.
/// </summary>
internal static class NamePattern
{
    private const string WildcardCharacters = "*?[`";

    /// <summary>Whether it has wildcards.</summary>
    public static bool IsPattern(string name) => name.AsSpan().ContainsAny(WildcardCharacters) && Parse(name) is not null;

    /// <summary>Whether a name is this one, or matches its wildcards.</summary>
    public static Predicate<string> Matching(string name)
    {
        WildcardPattern? pattern = Parse(name);
        return one => one.Equals(name, StringComparison.OrdinalIgnoreCase) || (pattern is not null && pattern.IsMatch(one));
    }

    /// <summary>The same for any of several; without any, each name does.</summary>
    public static Predicate<string> Matching(string[] names)
    {
        Predicate<string>[] all = [.. names.Select(Matching)];
        return one => all.Length == 0 || Array.Exists(all, matches => matches(one));
    }

    private static WildcardPattern? Parse(string name)
    {
        try
        {
            WildcardPattern pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
            pattern.IsMatch(name); // Only now does it look at what it was made of.
            return pattern;
        }
        catch (WildcardPatternException)
        {
            return null;
        }
    }
}
