using System.CommandLine;

namespace XenVmEvent.Cli;

/// <summary>The command line of <c>xenvmevent report</c>.</summary>
internal static class ReportCommand
{
    /// <summary>How the command is called.</summary>
    public const string Usage = "xenvmevent report <recording> <report> [--title <text>]";

    private static readonly Argument<string> Recording = new("recording") { Description = "A file that --output or Export-XenVmEvent wrote, compressed or not." };
    private static readonly Argument<string> Report = new("report") { Description = "The HTML file to write; one that is there is overwritten." };
    private static readonly Option<string?> Title = new("--title")
    {
        Description = "What the page is called; it names the domains when left out.",
        HelpName = "text",
    };

    /// <summary>The command, to be added to the root.</summary>
    public static Command Create()
    {
        Command command = new("report", "Makes a web page of recorded events: when what happened, and where.") { Recording, Report, Title };
        command.SetAction(parsed => new ReportRun(parsed.GetRequiredValue(Recording), parsed.GetRequiredValue(Report), parsed.GetValue(Title)).Run());
        return command;
    }
}
