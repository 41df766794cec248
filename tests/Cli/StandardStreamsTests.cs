using XenVmEvent.Recording;
using Xunit;

namespace XenVmEvent.Cli.Tests;

/// <summary>Standard streams that are closed, for the other direction, or full.</summary>
[Trait("Speed", "Slow")]
public sealed class StandardStreamsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("xenvmevent-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("web01 cpuid --simulate --first 20", ">&-")]
    [InlineData("web01 cpuid --simulate --first 20 --format json", ">&- <&-")]
    [InlineData("web01 cpuid --simulate --first 20", "1</dev/null")]
    [InlineData("test --simulate", ">&-")]
    [InlineData("test --simulate", "1</dev/null")]
    [InlineData("test --simulate", ">/dev/full")]
    [InlineData("--help", ">&-")]
    [InlineData("--help", ">/dev/full")]
    [InlineData("--version", ">&-")]
    [InlineData("reset web01 --yes --simulate", ">&-")]
    [InlineData("read web01 0x1000 --simulate", ">/dev/full")]
    public void What_standard_output_does_not_take_is_a_failure_in_one_line(string arguments, string redirection)
    {
        CommandResult result = CommandProcess.RunInShell(arguments, redirection);
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("xenvmevent: OutputFailed: Standard output cannot be written: ", Assert.Single(result.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2>&-", 0)]
    [InlineData("2>/dev/full", 0)]
    [InlineData("2</dev/null", 0)]
    [InlineData("2>&- <&-", 0)]
    public void Nothing_else_changes_where_standard_error_takes_nothing(string redirection, int exitCode)
    {
        CommandResult result = CommandProcess.RunInShell("web01 cpuid --simulate --first 20", redirection);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Equal(20, result.Output.Length);
        Assert.All(result.Output, line => Assert.Matches(XenAccessLines.Of("cpuid"), line));
    }

    [Theory]
    [InlineData("nosuch cpuid --simulate", "2>&-", 1)]
    [InlineData("nosuch cpuid --simulate", "2>/dev/full", 1)]
    [InlineData("web01 nonsense", "2>&-", 2)]
    [InlineData("web01 nonsense", ">&- 2>&- <&-", 2)]
    [InlineData("web01 cpuid --simulate --first 20", ">&- 2>&- <&-", 1)]
    public void The_exit_code_is_right_when_nothing_can_be_said(string arguments, string redirection, int exitCode)
    {
        CommandResult result = CommandProcess.RunInShell(arguments, redirection);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.Empty(result.Errors);
    }

    [Theory]
    [InlineData(">&-")]
    [InlineData("2>&-")]
    [InlineData(">&- 2>&- <&-")]
    public void A_recording_needs_none_of_them_and_gets_nothing_that_was_for_them(string redirection)
    {
        string file = Path.Combine(_folder, "a.jsonl");
        Assert.Equal(0, CommandProcess.RunInShell($"web01 cpuid --simulate --first 20 --output '{file}'", redirection).ExitCode);
        using RecordingReader reader = RecordingReader.Open(file);
        int events = 0;
        while (reader.Read() is not null) events++;
        Assert.Equal((20, 20), (events, File.ReadAllLines(file).Length));
    }
}
