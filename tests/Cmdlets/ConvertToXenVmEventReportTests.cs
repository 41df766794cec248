using System.Management.Automation;
using XenVmEvent.Abi;
using XenVmEvent.Cmdlets.Tests.StandIn;
using XenVmEvent.Events;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

public sealed class ConvertToXenVmEventReportTests : CmdletTest, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("xenvmevent-").FullName;

    private string Report => Path.Combine(_folder, "report.html");

    public new void Dispose()
    {
        base.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Events_become_a_page_in_the_pipeline()
    {
        PipelineOutcome outcome = Pipeline.Of<ConvertToXenVmEventReportCommand>().From([.. Events()]).With("Title", "<One>").Run();
        string page = Assert.IsType<string>(Assert.Single(outcome.Output));
        Assert.Contains("\"events\":12,", page, StringComparison.Ordinal);
        Assert.Contains("<h1>&lt;One&gt;</h1>", page, StringComparison.Ordinal);
        Assert.Contains("\"dropped\":0,", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Or_in_a_file()
    {
        Assert.Empty(To(Report).Run().Output);
        Assert.Contains("\"events\":12,", File.ReadAllText(Report), StringComparison.Ordinal);
        FileInfo passed = Assert.IsType<FileInfo>(Assert.IsType<PSObject>(Assert.Single(To(Report).With("PassThru").Run().Output)).BaseObject);
        Assert.Equal((Report, File.ReadAllBytes(Report).LongLength), (passed.FullName, passed.Length));
    }

    [Fact]
    public void Recordings_become_one_page()
    {
        foreach (string name in (string[])["a.jsonl", "b.jsonl.gz"])
            Pipeline.Of<ExportXenVmEventCommand>(Path.Combine(_folder, name)).From([.. Events()]).Run();
        PipelineOutcome outcome = Pipeline.Of<ConvertToXenVmEventReportCommand>(Report).With("RecordingPath", Path.Combine(_folder, "*.jsonl*")).Run();
        Assert.Empty(outcome.Errors);
        string page = File.ReadAllText(Report);
        Assert.Contains("\"events\":24,", page, StringComparison.Ordinal);
        Assert.DoesNotContain("\"dropped\"", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_recording_that_is_none_is_an_error_and_the_others_are_shown()
    {
        string good = Path.Combine(_folder, "a.jsonl");
        string bad = Path.Combine(_folder, "a.txt");
        Pipeline.Of<ExportXenVmEventCommand>(good).From([.. Events()]).Run();
        File.WriteAllText(bad, "text\n");
        PipelineOutcome outcome = Pipeline.Of<ConvertToXenVmEventReportCommand>(Report).With("RecordingPath", (string[])[bad, good]).Run();
        Refused(outcome, XenErrorId.InvalidRecording, ErrorCategory.InvalidData);
        Assert.Contains("\"events\":12,", File.ReadAllText(Report), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_is_not_overwritten_that_shall_not_be_and_none_is_made_with_WhatIf()
    {
        PipelineOutcome outcome = To(Report).With("WhatIf").Run();
        Assert.Contains("Write a report", Assert.Single(outcome.WhatIf), StringComparison.Ordinal);
        Assert.Empty(outcome.Output);
        Assert.False(File.Exists(Report));
        File.WriteAllText(Report, "kept");
        Ended(To(Report).With("NoClobber").Run(), XenErrorId.ReportExists, ErrorCategory.ResourceExists);
        Assert.Equal("kept", File.ReadAllText(Report));
        Ended(To(Path.Combine(_folder, "none", "report.html")).Run(), XenErrorId.ReportFailed, ErrorCategory.OpenError);
    }

    [Fact]
    public void What_came_before_the_pipeline_failed_is_reported()
    {
        VmEvent[] events = Events();
        PipelineOutcome outcome = Pipeline.Of<ConvertToXenVmEventReportCommand>(Report).From(events[0], (VmEvent[])[events[1], null!]).Run();
        Assert.Equal(PipelineState.Failed, outcome.State);
        Assert.Contains("\"events\":2,", File.ReadAllText(Report), StringComparison.Ordinal);
    }

    private static VmEvent[] Events() => Pipeline.Of<WatchXenVmEventCommand>("web01", (VmEventKind[])[VmEventKind.Cpuid, VmEventKind.WriteControlRegister])
        .With("First", 12).Run().OutputOf<VmEvent>();

    private static Pipeline To(string file) => Pipeline.Of<ConvertToXenVmEventReportCommand>(file).From([.. Events()]);
}
