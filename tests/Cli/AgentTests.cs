using System.Diagnostics;
using XenVmEvent.Recording;
using Xunit;

namespace XenVmEvent.Cli.Tests;

/// <summary><c>xenvmevent agent</c>, on the simulator.</summary>
public sealed class AgentTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("xenvmevent-").FullName;

    public AgentTests()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "policies.d"));
        WritePolicy("web*");
        File.WriteAllText(Configuration, "version: 1\noutputs: {events: {type: file, path: events.jsonl, fileSize: 1MiB, totalSize: 1GiB}}\n");
    }

    private string Configuration => Path.Combine(_folder, "agent.yaml");

    private string[] Recordings => Directory.GetFiles(_folder, "events*.jsonl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_configuration_is_checked_with_its_policies()
    {
        CommandResult valid = CommandProcess.Run("agent", "check", "--config", Configuration);
        Assert.Equal(0, valid.ExitCode);
        Assert.Equal($"{Configuration}: valid. Policies: 1, outputs: 1.", valid.Output[0]);
        Assert.Matches($"^policy test answers, for web\\*: {_folder}/policies.d/test.yaml, sha256 [0-9a-f]{{64}}$", valid.Output[1]);
        Assert.Equal($"output events: the file {_folder}/events.jsonl", valid.Output[2]);

        File.AppendAllText(Configuration, "limits: {bufer: 1}\n");
        CommandResult wrong = CommandProcess.Run("agent", "check", "--config", Configuration, "--set", "channel=rnig");
        Assert.Equal(1, wrong.ExitCode);
        Assert.Equal(
            ["--set channel=rnig:1:9: 'channel' is one of auto, ring, slotted. Did you mean 'ring'?", $"{Configuration}:3:10: 'limits' has no 'bufer': did you mean 'buffer'?"],
            wrong.Output.Order(StringComparer.Ordinal));

        CommandResult refused = CommandProcess.Run("agent", "--config", Configuration, "--simulate");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains($"xenvmevent: {Configuration}:3:10: 'limits' has no 'bufer': did you mean 'buffer'?", refused.Errors);
        Assert.StartsWith("xenvmevent: InvalidConfiguration: ", refused.Errors[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("agent --config none.yaml --simulate", 1, "InvalidConfiguration")]
    [InlineData("agent check --config none.yaml", 1, "InvalidConfiguration")]
    [InlineData("agent chekc --config none.yaml", 2, "InvalidUsage")]
    [InlineData("agent check --simulate", 2, "Usage: xenvmevent agent check")]
    public void What_makes_no_sense_is_refused(string arguments, int exitCode, string error)
    {
        CommandResult result = CommandProcess.Run(arguments.Split(' '));
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Contains(error, Assert.Single(result.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void It_keeps_policies_until_a_signal_ends_it_and_reads_its_files_again_at_another()
    {
        using CommandProcess agent = CommandProcess.Start("agent", "--config", Configuration, "--simulate");
        Await(() => Events().Contains("web01"));
        WritePolicy("web*", "evnet");
        agent.Signal("HUP");
        int before = Events().Length;
        Await(() => Events().Length > before); // It goes on with what it had.
        WritePolicy("*");
        agent.Signal("HUP");
        Await(() => Events().Contains("db01"));
        agent.Signal("TERM");
        CommandResult result = agent.Finish();
        Assert.Equal(0, result.ExitCode);
        Assert.Equal("xenvmevent: agent on simulated Xen: 1 policy, 1 output", result.Errors[0]);
        Assert.Contains(result.Errors, line => line.Contains("policies.d/test.yaml:5:3: 'event' is missing", StringComparison.Ordinal));
        Assert.Contains("xenvmevent: the configuration stays as it was", result.Errors);
        Assert.Contains("xenvmevent: configuration read again: 1 policy, 1 output", result.Errors);
        Assert.Single(result.Errors, line => line.StartsWith("xenvmevent: web01 (id 1) is watched", StringComparison.Ordinal));
        Assert.Equal("xenvmevent: agent ended", result.Errors[^1]);
        CommandResult tried = CommandProcess.Run(["check", Path.Combine(_folder, "policies.d/test.yaml"), "--recording", Recordings[0]]);
        Assert.Equal(0, tried.ExitCode);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public void Wherever_it_is_killed_its_files_stay_whole()
    {
        for (int i = 1; i <= 3; i++)
        {
            using CommandProcess agent = CommandProcess.Start("agent", "--config", Configuration, "--simulate");
            int before = Events().Length;
            Await(() => Events().Length > before);
            agent.Signal("KILL");
            agent.Finish();
        }

        using CommandProcess last = CommandProcess.Start("agent", "--config", Configuration, "--simulate");
        int then = Events().Length;
        Await(() => Events().Length > then);
        last.Signal("TERM");
        Assert.Equal(0, last.Finish().ExitCode);
        Assert.NotEmpty(Events(isWhole: true));
    }

    private void WritePolicy(string domains, string key = "event") => File.WriteAllText(
        Path.Combine(_folder, "policies.d/test.yaml"), $"version: 1\nname: test\ndomains: ['{domains}']\nrules:\n- {key}: Cpuid\n  name: leaf\n");

    /// <summary>The guests of all recorded events.</summary>
    private string[] Events(bool isWhole = false)
    {
        List<string> guests = [];
        foreach (string file in Recordings.Order(StringComparer.Ordinal))
        {
            using RecordingReader reader = RecordingReader.Open(file);
            while (reader.Read() is { } vmEvent) guests.Add(vmEvent.Domain);
            if (isWhole) Assert.False(reader.IsTorn);
        }

        return [.. guests];
    }

    private static void Await(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(60), "It never came to be so.");
            Thread.Sleep(20);
        }
    }
}
