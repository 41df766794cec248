using System.CommandLine;
using XenVmEvent.Reporting;

namespace XenVmEvent.Cli;

/// <summary>The command line of <c>xenvmevent report</c>.</summary>
internal static class ReportCommand
{
    /// <summary>How the command is called.</summary>
    public const string Usage = "xenvmevent report <recording> <report> [--title <text>]";

    private static readonly Argument<string> Recording = new("recording") { Description = "A file that --output or Export-XenVmEvent wrote, compressed or not.", HelpName = "file" };
    private static readonly Argument<string> Report = new("report") { Description = "The HTML file to write; an existing file is overwritten.", HelpName = "file" };
    private static readonly Option<string?> Title = new("--title")
    {
        Description = "The title of the page; by default it names the domains.",
        HelpName = "text",
    };

    /// <summary>The command, to be added to the root.</summary>
    public static Command Create()
    {
        Command command = new("report", "Makes a web page of recorded events: what happened, when and where.") { Recording, Report, Title };
        command.SetAction(parsed => new ReportRun(parsed.GetRequiredValue(Recording), parsed.GetRequiredValue(Report), parsed.GetValue(Title)).Run());
        return command;
    }
}

/// <summary>Makes a web page of a recording.</summary>
internal sealed class ReportRun(string recordingPath, string reportPath, string? title)
{
    /// <returns>The process's exit code: failure also if the report does not cover the whole recording.</returns>
    public int Run()
    {
        EventReportBuilder report = new();
        bool isWhole = RecordedEvents.Read(recordingPath, report.Add);
        using ReportFile file = ReportFile.Open(reportPath);
        file.Write(report.Build(title));
        StandardError.Say($"the report of {report.Events} events is in '{reportPath}'.");
        return isWhole ? ExitCode.Success : ExitCode.Failure;
    }
}
