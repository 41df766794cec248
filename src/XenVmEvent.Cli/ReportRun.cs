using XenVmEvent.Recording;
using XenVmEvent.Reporting;

namespace XenVmEvent.Cli;

/// <summary>Makes a web page of a recording.</summary>
internal sealed class ReportRun(string recordingPath, string reportPath, string? title)
{
    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        using RecordingReader recording = RecordingReader.Open(recordingPath);
        EventReportBuilder report = new();
        long broken = Read(recording, report);
        if (broken > 0) Console.Error.WriteLine($"xenvmevent: '{recordingPath}' has {LinesThatAre(broken)} left out.");
        if (recording.IsTorn) Console.Error.WriteLine($"xenvmevent: '{recordingPath}' breaks off at line {recording.Line}.");
        using ReportFile file = ReportFile.Open(reportPath);
        file.Write(report.Build(title));
        Console.Error.WriteLine($"xenvmevent: the report of {report.Events} events is in '{reportPath}'.");
        return ExitCode.Success;
    }

    private static string LinesThatAre(long broken) => broken == 1 ? "1 line that is no event, and is" : $"{broken} lines that are no events, and are";

    /// <summary>A file whose first line is no event is no recording; of others, lines that are none are left out.</summary>
    /// <returns>How many those were.</returns>
    private static long Read(RecordingReader recording, EventReportBuilder report)
    {
        long broken = 0;
        while (true)
        {
            try
            {
                if (recording.Read() is not { } vmEvent) return broken;
                report.Add(vmEvent);
            }
            catch (XenException e) when (e.Id == XenErrorId.InvalidRecording && report.Events > 0)
            {
                broken++;
            }
        }
    }
}
