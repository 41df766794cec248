using XenVmEvent.Recording;
using XenVmEvent.Reporting;

namespace XenVmEvent.Cli;

/// <summary>Makes a web page of a recording.</summary>
internal sealed class ReportRun(string recordingPath, string reportPath, string? title)
{
    /// <returns>The process's exit code: a failure also when the report is not of the whole recording.</returns>
    public int Run()
    {
        using RecordingReader recording = RecordingReader.Open(recordingPath);
        EventReportBuilder report = new();
        bool isWhole = Read(recording, report);
        if (recording.IsTorn) StandardError.Say($"'{recordingPath}' breaks off at line {recording.Line}.");
        using ReportFile file = ReportFile.Open(reportPath);
        file.Write(report.Build(title));
        long lost = recording.Losses.Sum(l => l.Events);
        if (lost > 0) StandardError.Say($"{lost} events were lost when '{recordingPath}' was written.");
        StandardError.Say($"the report of {report.Events} events is in '{reportPath}'.");
        return isWhole && !recording.IsTorn ? ExitCode.Success : ExitCode.Failure;
    }

    /// <summary>A file in which nothing is an event is no recording; of others, lines that are none are left out.</summary>
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
