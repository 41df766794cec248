using Xunit;

namespace XenVmEvent.Cli.Tests;

/// <summary>xenvmevent report.</summary>
[Trait("Speed", "Slow")]
public sealed class ReportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("xenvmevent-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("trace.jsonl")]
    [InlineData("trace.jsonl.gz")]
    public void A_recording_becomes_a_page(string name)
    {
        Record(name);
        CommandResult result = CommandProcess.Run("report", PathOf(name), PathOf("report.html"), "--title", "Yesterday & today");
        Assert.Equal(0, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.Equal($"xenvmevent: the report of 20 events is in '{PathOf("report.html")}'.", Assert.Single(result.Errors));
        string page = File.ReadAllText(PathOf("report.html"));
        Assert.Contains("<h1>Yesterday &amp; today</h1>", page, StringComparison.Ordinal);
        Assert.Contains("\"events\":20,", page, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_wrong_with_a_recording_is_said_and_the_rest_is_shown()
    {
        Record("trace.jsonl");
        List<string> lines = [.. File.ReadAllLines(PathOf("trace.jsonl"))];
        lines.Insert(3, "{}");
        File.WriteAllText(PathOf("trace.jsonl"), string.Join('\n', lines)[..^10]);
        CommandResult result = CommandProcess.Run("report", PathOf("trace.jsonl"), PathOf("report.html"));
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith($"xenvmevent: InvalidRecording: Line 4 of '{PathOf("trace.jsonl")}' is not a recorded event: ", result.Errors[0], StringComparison.Ordinal);
        Assert.Equal(
            [
                $"xenvmevent: '{PathOf("trace.jsonl")}' is truncated at line 21.",
                $"xenvmevent: the report of 19 events is in '{PathOf("report.html")}'.",
            ],
            result.Errors[1..]);
    }

    [Fact]
    public void What_is_no_recording_or_cannot_be_written_is_an_error()
    {
        File.WriteAllText(PathOf("text"), "text\n");
        Assert.StartsWith("xenvmevent: InvalidRecording: ", Failed("text", "report.html"), StringComparison.Ordinal);
        Assert.False(File.Exists(PathOf("report.html")));
        Assert.StartsWith("xenvmevent: RecordingFailed: ", Failed("missing.jsonl", "report.html"), StringComparison.Ordinal);
        Record("trace.jsonl");
        Assert.StartsWith("xenvmevent: ReportFailed: ", Failed("trace.jsonl", "missing/report.html"), StringComparison.Ordinal);
    }

    [Fact]
    public void Both_files_have_to_be_named()
    {
        CommandResult result = CommandProcess.Run("report", "trace.jsonl");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("Usage: xenvmevent report <recording> <report>", Assert.Single(result.Errors), StringComparison.Ordinal);
    }

    private string Failed(string recording, string report)
    {
        CommandResult result = CommandProcess.Run("report", PathOf(recording), PathOf(report));
        Assert.Equal(1, result.ExitCode);
        return Assert.Single(result.Errors);
    }

    private void Record(string name) => Assert.Equal(0, CommandProcess.Run("web01", "write", "--simulate", "--first", "20", "--output", PathOf(name)).ExitCode);

    private string PathOf(string name) => Path.Combine(_folder, name);
}
