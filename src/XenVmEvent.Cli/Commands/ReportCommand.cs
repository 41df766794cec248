using System.CommandLine;
using XenVmEvent.Recording;
using XenVmEvent.Reporting;

namespace XenVmEvent.Cli;

/// <summary>The command line of <c>xenvmevent report</c>.</summary>
internal static class ReportCommand
{
    /// <summary>How the command is called.</summary>
    public const string Usage = "xenvmevent report <recording> <report> [--title <text>]";

    private static readonly Argument<string> Recording = new("recording") { Description = "A file that --output or Export-XenVmEvent wrote, compressed or not." };
    private static readonly Argument<string> Report = new("report") { Description = "The HTML file to write; an existing file is overwritten." };
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
        using RecordingReader recording = RecordingReader.Open(recordingPath);
        EventReportBuilder report = new();
        bool isWhole = Read(recording, report);
        if (recording.IsTorn) StandardError.Say($"'{recordingPath}' is truncated at line {recording.Line}.");
        using ReportFile file = ReportFile.Open(reportPath);
        file.Write(report.Build(title));
        long lost = recording.Losses.Sum(l => l.Events);
        if (lost > 0) StandardError.Say($"{lost} events were lost when '{recordingPath}' was written.");
        StandardError.Say($"the report of {report.Events} events is in '{reportPath}'.");
        return isWhole && !recording.IsTorn ? ExitCode.Success : ExitCode.Failure;
    }

    /// <summary>
    /// A file without any event is not a recording; in others, lines that are not events are skipped.
    /// </summary>
    /// <returns>Whether every line is an event.</returns>
    private static bool Read(RecordingReader recording, EventReportBuilder report)
    {
        XenException? broken = null;
        while (true)
        {
            try
            {
                if (recording.Read() is not { } vmEvent) break;
                if (report.Events == 0 && broken is not null) StandardError.Say(broken);
                report.Add(vmEvent);
            }
            catch (XenException e) when (e.Id == XenErrorId.InvalidRecording)
            {
                broken = e;
                if (report.Events > 0) StandardError.Say(e);
            }
        }

        if (report.Events == 0 && broken is not null) throw broken;
        return broken is null;
    }
}
