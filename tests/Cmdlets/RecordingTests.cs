using System.Management.Automation;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>Export-XenVmEvent and Import-XenVmEvent.</summary>
public sealed class RecordingTests : CmdletTest, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("xenvmevent-").FullName;

    public new void Dispose()
    {
        base.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("trace.jsonl")]
    [InlineData("trace.jsonl.gz")]
    public void Events_come_back_as_they_were(string name)
    {
        VmEvent[] events = Events();
        Assert.Empty(Export(name, events).Run().Output);
        VmEvent[] read = Pipeline.Of<ImportXenVmEventCommand>(PathOf(name)).Run().OutputOf<VmEvent>();
        Assert.Equal(events.Select(Describe), read.Select(Describe));
        Assert.Equal(events.Select(e => e.GetType()), read.Select(e => e.GetType()));
    }

    [Fact]
    public void Exporting_passes_on_appends_and_overwrites_as_told()
    {
        VmEvent[] events = Events();
        Assert.Equal(events, Export("a.jsonl", events).With("PassThru").Run().Output);
        Export("a.jsonl", events).With("Append").Run();
        Assert.Equal(2 * events.Length, Import("a.jsonl").Output.Count);
        ErrorRecord refused = Assert.IsType<ErrorRecord>(Export("a.jsonl", events).With("NoClobber").Run().TerminatingError);
        Assert.Equal(("RecordingExists,XenVmEvent.PS.ExportXenVmEventCommand", ErrorCategory.ResourceExists), (refused.FullyQualifiedErrorId, refused.CategoryInfo.Category));
        Export("a.jsonl", events).Run();
        Assert.Equal(events.Length, Import("a.jsonl").Output.Count);
    }

    [Fact]
    public void With_WhatIf_no_file_is_made()
    {
        PipelineOutcome outcome = Export("a.jsonl", Events()).With("WhatIf").Run();
        Assert.Contains("Record events", Assert.Single(outcome.WhatIf), StringComparison.Ordinal);
        Assert.False(File.Exists(PathOf("a.jsonl")));
    }

    [Fact]
    public void What_came_before_the_pipeline_failed_is_kept()
    {
        int count = 0;
        Export("a.jsonl", Events()).With("PassThru").To(_ =>
        {
            if (++count == 3) throw new InvalidOperationException("enough");
        }).Run();
        Assert.Equal(3, Import("a.jsonl").Output.Count);
    }

    [Fact]
    public void A_torn_recording_is_warned_of()
    {
        VmEvent[] events = Events();
        Export("a.jsonl", events).Run();
        File.WriteAllText(PathOf("a.jsonl"), File.ReadAllText(PathOf("a.jsonl"))[..^10]);
        PipelineOutcome outcome = Import("a.jsonl");
        Assert.Equal(events.Length - 1, outcome.Output.Count);
        Assert.Empty(outcome.Errors);
        Assert.Contains($"breaks off at line {events.Length}", Assert.Single(outcome.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_that_is_no_event_is_an_error_and_the_others_are_read()
    {
        VmEvent[] events = Events();
        Export("a.jsonl", events).Run();
        string[] lines = File.ReadAllLines(PathOf("a.jsonl"));
        lines[1] = "{}";
        File.WriteAllLines(PathOf("a.jsonl"), lines);
        PipelineOutcome outcome = Import("a.jsonl");
        Refused(outcome, XenErrorId.InvalidRecording, ErrorCategory.InvalidData);
        Assert.Equal(events.Length - 1, outcome.Output.Count);
    }

    [Fact]
    public void A_file_that_is_no_recording_is_one_error()
    {
        File.WriteAllText(PathOf("a.txt"), "one\ntwo\nthree\n");
        PipelineOutcome outcome = Import("a.txt");
        Refused(outcome, XenErrorId.InvalidRecording, ErrorCategory.InvalidData);
        Assert.Empty(outcome.Output);
    }

    [Fact]
    public void Several_files_are_read_one_after_the_other_by_wildcards_and_by_pipeline()
    {
        VmEvent[] events = Events();
        foreach (string name in (string[])["a.jsonl", "b.jsonl", "[c].jsonl"]) Export(name, events).Run();
        Assert.Equal(3 * events.Length, Import("*.jsonl").Output.Count);
        Assert.Equal(2 * events.Length, Pipeline.Of<ImportXenVmEventCommand>().From(PathOf("a.jsonl"), PathOf("b.jsonl")).Run().Output.Count);
        Assert.Equal(events.Length, Pipeline.Of<ImportXenVmEventCommand>().With("LiteralPath", PathOf("[c].jsonl")).Run().Output.Count);
    }

    [Fact]
    public void A_file_that_is_not_there_is_an_error_of_its_own()
    {
        Export("a.jsonl", Events()).Run();
        PipelineOutcome outcome = Pipeline.Of<ImportXenVmEventCommand>().From(PathOf("none.jsonl"), PathOf("a.jsonl")).Run();
        Refused(outcome, XenErrorId.RecordingFailed, ErrorCategory.OpenError);
        Assert.NotEmpty(outcome.Output);
        PipelineOutcome export = Export("none/a.jsonl", Events()).Run();
        Ended(export, XenErrorId.RecordingFailed, ErrorCategory.OpenError);
    }

    [Fact]
    public void A_held_event_is_recorded_with_the_answer_that_comes_after()
    {
        Pipeline.Of<WatchXenVmEventCommand>("web01", VmEventKind.Cpuid).With("Hold").With("First", 1).With("ResponseTimeout", 60).To(held =>
        {
            Export("a.jsonl", [(VmEvent)held!]).With("PassThru").To(passed => ((VmEvent)passed!).Respond(VmEventResponse.Continue.WithRegister(SettableRegister.Rbx, 7))).Run();
        }).Run();
        VmEvent recorded = Assert.Single(Import("a.jsonl").OutputOf<VmEvent>());
        Assert.Equal((ResponseState.Given, "Continue, Rbx=0x7"), (recorded.ResponseState, recorded.Response?.Name));
    }

    private static VmEvent[] Events() => Pipeline.Of<WatchXenVmEventCommand>("web01", (VmEventKind[])[VmEventKind.Cpuid, VmEventKind.WriteControlRegister])
        .With("First", 12).Run().OutputOf<VmEvent>();

    private static (DateTimeOffset Time, string Text, VmEventResponse? Response, ResponseState State, TimeSpan? HandlingTime) Describe(VmEvent one) =>
        (one.Time, one.ToString(), one.Response, one.ResponseState, one.HandlingTime);

    private Pipeline Export(string name, VmEvent[] events) => Pipeline.Of<ExportXenVmEventCommand>(PathOf(name)).From([.. events]);

    private PipelineOutcome Import(string name) => Pipeline.Of<ImportXenVmEventCommand>(PathOf(name)).Run();

    private string PathOf(string name) => Path.Combine(_folder, name);
}
