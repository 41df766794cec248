using System.CommandLine;
using System.CommandLine.Help;
using System.Runtime.CompilerServices;

namespace XenVmEvent.Cli.Tests;

/// <summary>What packages bring along with the command, and what it is held against.</summary>
internal static class Packaged
{
    /// <summary>A file in packaging/.</summary>
    public static string File(string name) => Path.GetFullPath(Path.Combine(Here(), "../../packaging", name));

    /// <summary>All commands that people call, with the words that call them; the first is the watch, which has none.</summary>
    public static IEnumerable<(string Words, Command Command)> Commands()
    {
        RootCommand root = XenVmEventCommand.Create();
        return [("", root), .. Below(root, "")];
    }

    /// <summary>The options of a command, without those that every program has.</summary>
    public static IEnumerable<Option> Options(Command command) => command.Options.Where(option => option is not (HelpOption or VersionOption));

    private static IEnumerable<(string, Command)> Below(Command command, string words) => command.Subcommands.Where(one => !one.Hidden)
        .SelectMany(one => Below(one, $"{words}{one.Name} ").Prepend(($"{words}{one.Name}", one)));

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
