using XenVmEvent.Events;
using XenVmEvent.Recording;
using Xunit;

namespace XenVmEvent.Cli.Tests;

/// <summary>Events that the command records, and what reads them again.</summary>
public sealed class RecordingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("xenvmevent-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("trace.jsonl")]
    [InlineData("trace.jsonl.gz")]
    public void What_is_recorded_can_be_read(string name)
    {
        string file = Path.Combine(_folder, name);
        CommandResult result = CommandProcess.Run("web01", "write", "--simulate", "--first", "20", "--output", file);
        Assert.Equal(0, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.StartsWith("xenvmevent: 20 events recorded, ", result.Errors[1], StringComparison.Ordinal);
        AssertWrites(Read(file));
    }

    [Fact]
    public void So_can_what_is_printed_as_json()
    {
        CommandResult result = CommandProcess.Run("web01", "write", "--simulate", "--first", "20", "--format", "json");
        string file = Path.Combine(_folder, "printed.jsonl");
        File.WriteAllLines(file, result.Output);
        AssertWrites(Read(file));
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_an_error_before_the_guest_is_watched()
    {
        CommandResult result = CommandProcess.Run("web01", "cpuid", "--simulate", "--output", Path.Combine(_folder, "missing", "a.jsonl"));
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("xenvmevent: RecordingFailed: ", Assert.Single(result.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nosuch cpuid")]
    [InlineData("0 cpuid")]
    [InlineData("web01 cpuid --response deny")]
    [InlineData("web01 msr --msr 0x12345678")]
    [InlineData("web01 write --gfn 0xfffffff")]
    public void A_watch_that_is_refused_touches_no_file(string arguments)
    {
        string file = Path.Combine(_folder, "a.jsonl");
        Assert.Equal(1, CommandProcess.Run([.. arguments.Split(' '), "--simulate", "--output", file]).ExitCode);
        Assert.False(File.Exists(file));
        File.WriteAllText(file, "yesterday");
        Assert.Equal(1, CommandProcess.Run([.. arguments.Split(' '), "--simulate", "--output", file]).ExitCode);
        Assert.Equal("yesterday", File.ReadAllText(file));
    }

    [Fact]
    public void A_full_disk_ends_the_watch_with_an_error()
    {
        CommandResult result = CommandProcess.Run("web01", "cpuid", "--simulate", "--output", "/dev/full");
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("xenvmevent: RecordingFailed: ", result.Errors[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_recording_is_replayed()
    {
        string file = Path.Combine(_folder, "a.jsonl");
        Assert.Equal(0, CommandProcess.Run("web01", "cpuid", "--simulate", "--first", "20", "--output", file).ExitCode);
        CommandResult result = CommandProcess.Run("web01", "cpuid", "--simulate", "--trace", file, "--fast", "--format", "json");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal("xenvmevent: web01 (id 1) has raised all events of its recording", result.Errors[^1]);
        File.WriteAllLines(Path.Combine(_folder, "b.jsonl"), result.Output);
        Assert.Equal(Read(file).Select(e => e.ToString()).Order(), Read(Path.Combine(_folder, "b.jsonl")).Select(e => e.ToString()).Order());
    }

    private static void AssertWrites(List<VmEvent> events)
    {
        Assert.Equal(20, events.Count);
        Assert.All(events, e =>
        {
            MemAccessEvent access = Assert.IsType<MemAccessEvent>(e);
            Assert.Equal(("web01", 1u, VmEventResponse.Continue), (access.Domain, access.DomainId, access.Response));
            Assert.Equal(PageAccess.Write, access.Access & PageAccess.Write);
            Assert.Equal(access.InstructionPointer, Assert.IsType<X86Registers>(access.Registers).Rip);
        });
    }

    private static List<VmEvent> Read(string file)
    {
        using RecordingReader reader = RecordingReader.Open(file);
        List<VmEvent> events = [];
        while (reader.Read() is { } one) events.Add(one);
        Assert.False(reader.IsTorn);
        return events;
    }
}
