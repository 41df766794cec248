using System.CommandLine;
using System.CommandLine.Completions;

namespace XenVmEvent.Cli;

/// <summary>
/// Tells a shell what can be written at the cursor: <c>xenvmevent complete WORD...</c>, with all words up to the cursor,
/// the last of which may be empty. Each line is a word, and what it means behind a tab.
/// </summary>
internal static class Completion
{
    /// <summary>How the shell asks.</summary>
    public const string Name = "complete";

    /// <summary>Stands for the names of files, which the shell knows.</summary>
    public const string Files = "<file>";

    /// <summary>Prints what can follow.</summary>
    /// <returns>The process's exit code.</returns>
    public static int Print(RootCommand root, IReadOnlyList<string> words)
    {
        foreach ((string word, string meaning) in Of(root, words)) Console.Out.WriteLine($"{word}\t{meaning}");
        return ExitCode.Success;
    }

    /// <summary>The words that can take the last one's place.</summary>
    public static IEnumerable<(string Word, string Meaning)> Of(RootCommand root, IReadOnlyList<string> words)
    {
        string[] before = [.. words.SkipLast(1)];
        string begun = words.Count > 0 ? words[^1] : "";
        ParseResult parsed = root.Parse(before, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        Command command = parsed.CommandResult.Command;
        if (before.Length > 0 && TakesValue(command, before[^1]) is { } option) return Values(option, option.HelpName, begun);
        if (begun.IndexOf('=', StringComparison.Ordinal) is > 0 and int end && TakesValue(command, begun[..end]) is { } named)
            return Values(named, named.HelpName, begun[(end + 1)..]).Select(value => value.Word == Files ? value : ($"{begun[..(end + 1)]}{value.Word}", value.Meaning));
        if (begun.StartsWith('-')) return Beginning(begun, Options(parsed, command));
        Argument[] open = [.. command.Arguments.Where(argument => parsed.GetResult(argument) is not { Tokens.Count: > 0 })];
        IEnumerable<(string, string)> values = open is [Argument next, ..] ? Values(next, next.HelpName, begun) : [];
        bool canBeCommand = open.Length == command.Arguments.Count;
        return canBeCommand ? [.. Beginning(begun, command.Subcommands.Where(one => !one.Hidden).Select(one => (one.Name, one.Description ?? ""))), .. values] : values;
    }

    /// <summary>The option of this name, if a value has to follow it.</summary>
    private static Option? TakesValue(Command command, string name) =>
        command.Options.FirstOrDefault(option => option.Arity.MinimumNumberOfValues > 0 && (option.Name == name || option.Aliases.Contains(name)));

    /// <summary>All options that were not given yet, or can be given again.</summary>
    private static IEnumerable<(string, string)> Options(ParseResult parsed, Command command) =>
        command.Options.Where(option => parsed.GetResult(option) is null or { Implicit: true } || option.Arity.MaximumNumberOfValues > 1)
            .Select(option => (option.Name, option.Description ?? ""));

    /// <summary>The values of an option or an argument. In a list, those of its last part.</summary>
    private static IEnumerable<(string Word, string Meaning)> Values(Symbol symbol, string? helpName, string begun)
    {
        if (helpName == "file") return [(Files, "")];
        bool isEnum = (symbol is Option option ? option.ValueType : ((Argument)symbol).ValueType).IsEnum;
        string first = begun[..(begun.LastIndexOf(',') + 1)];
        return Beginning(begun, symbol.GetCompletions(CompletionContext.Empty).Select(one => ($"{first}{(isEnum ? one.Label.ToLowerInvariant() : one.Label)}", one.Documentation ?? "")));
    }

    private static IEnumerable<(string, string)> Beginning(string with, IEnumerable<(string Word, string Meaning)> words) =>
        words.Where(one => one.Word.StartsWith(with, StringComparison.OrdinalIgnoreCase)).Select(one => (one.Word, one.Meaning.Split('\n')[0]));
}
