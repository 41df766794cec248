using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text;

namespace XenVmEvent.Cli;

/// <summary>
/// Prints the descriptions of the command's arguments and options. The library's own help puts the domain and the mode
/// before every other command, where they do not belong.
/// </summary>
internal sealed class HelpAction : SynchronousCommandLineAction
{
    /// <summary>What the narrowest of the usual terminals shows.</summary>
    private const int LongestLine = 80;

    private const string Usage = "Usage: ";
    private const char NoBreak = '\u00a0';

    /// <summary>To get help, no domain need be named.</summary>
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        Command command = parseResult.CommandResult.Command;
        StringBuilder help = new();
        help.AppendJoin('\n', Wrap(command.Description ?? "", LongestLine)).Append("\n\n");
        help.AppendJoin("\n" + new string(' ', Usage.Length), Wrap(Usage + WithWholeOptions(XenVmEventCommand.UsageOf(command)), LongestLine - Usage.Length));
        help.Replace(NoBreak, ' ').Append("\n\n");
        (string Name, string Description)[] rows =
        [
            .. command.Arguments.Select(a => ($"<{a.Name}>", a.Description ?? "")),
            .. command.Options.Select(o => (NameOf(o), o.Description ?? "")),
            .. command.Subcommands.Where(c => !c.Hidden).Select(c => (c.Name, $"{c.Description} Usage: {XenVmEventCommand.UsageOf(c)}")),
        ];
        int column = rows.Max(r => r.Name.Length) + 4;
        foreach ((string name, string description) in rows)
        {
            help.Append("  ").Append(name.PadRight(column - 2));
            help.AppendJoin("\n" + new string(' ', column), description.Split('\n').SelectMany(line => Wrap(line, LongestLine - column))).Append('\n');
        }

        using Stream output = StandardOutput.Open();
        output.Write(Encoding.UTF8.GetBytes(help.ToString()));
        return ExitCode.Success;
    }

    /// <summary>No line ends within the brackets of an option.</summary>
    private static string WithWholeOptions(string usage)
    {
        int depth = 0;
        return string.Concat(usage.Select(c =>
        {
            depth += c switch { '[' => 1, ']' => -1, _ => 0 };
            return c == ' ' && depth > 0 ? NoBreak : c;
        }));
    }

    private static IEnumerable<string> Wrap(string text, int width)
    {
        while (text.Length > width)
        {
            int end = text.LastIndexOf(' ', width);
            if (end < 0) end = text.IndexOf(' ');
            if (end < 0) break;
            yield return text[..end];
            text = text[(end + 1)..];
        }

        yield return text;
    }

    private static string NameOf(Option option)
    {
        string names = option.Name;
        foreach (string alias in option.Aliases)
        {
            // Not shown: Windows's /h, which the library adds, and long names of older versions.
            if (alias.StartsWith('-') && !alias.StartsWith("--", StringComparison.Ordinal)) names = $"{alias}, {names}";
        }

        return option.HelpName is { } value ? $"{names} <{value}>" : names;
    }
}
