using StackExchange.Redis;
using XenVmEvent.Agent.Tests;
using XenVmEvent.Events;
using XenVmEvent.Recording;
using Xunit;

namespace XenVmEvent.Cli.Tests;

/// <summary><c>xenvmevent receive</c>: what agents sent to a real Redis.</summary>
public sealed class ReceiveTests : IDisposable
{
    private const string Policy = "{version: 1, name: test, domains: ['web*'], rules: [{name: leaf, event: Cpuid, severity: warning, message: \"look\\tat this\"}]}";

    private readonly string _folder = Directory.CreateTempSubdirectory("xvm-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_agents_sent_is_printed_and_recorded()
    {
        using RedisServer server = RedisServer.Start(_folder);
        RunAgent(server, "dom0-1");
        RunAgent(server, "dom0-2");

        CommandResult text = CommandProcess.Run("receive", "--redis", server.Address);
        Assert.Equal(0, text.ExitCode);
        Assert.Equal($"xenvmevent: {text.Output.Length} events of 2 hosts shown, none missing", Assert.Single(text.Errors));
        Assert.All(text.Output, line => Assert.Matches("^[0-9T:.-]+Z dom0-[12] warning leaf: Cpuid web01 vCPU .* \\(look\uFFFDat this\\)$", line));
        Assert.Equal(text.Output.Select(line => line.Split(' ')[0]).Order(StringComparer.Ordinal), text.Output.Select(line => line.Split(' ')[0]));

        string file = Path.Combine(_folder, "received.jsonl");
        CommandResult recorded = CommandProcess.Run("receive", "--redis", server.Address, "--host", "dom0-2", "--output", file);
        Assert.Equal(0, recorded.ExitCode);
        List<VmEvent> events = Read(file);
        Assert.Equal(text.Output.Count(line => line.Contains(" dom0-2 ", StringComparison.Ordinal)), events.Count);
        Assert.All(events, e => Assert.Equal(("dom0-2", "web01", "leaf"), (e.HostName, e.Domain, e.Rule)));

        CommandResult json = CommandProcess.Run("receive", "--redis", server.Address, "--host", "dom0-1", "--domain", "web*", "--event", "cpuid", "--since", "1h", "--first", "3", "--format", "json");
        Assert.All(json.Output, line => Assert.Contains("\"host\":\"dom0-1\",\"domain\":\"web01\"", line, StringComparison.Ordinal));
        Assert.Equal(3, json.Output.Length);

        CommandResult followed = CommandProcess.Run("receive", "--redis", server.Address, "--follow", "--window", "0", "--first", $"{text.Output.Length}");
        Assert.Equal(text.Output, followed.Output);
        Assert.Equal("xenvmevent: following 2 hosts and those that come; Ctrl-C ends", followed.Errors[0]);
    }

    [Fact]
    public void What_a_group_was_given_it_is_not_given_again()
    {
        using RedisServer server = RedisServer.Start(_folder);
        RunAgent(server, "dom0-1");
        CommandResult first = CommandProcess.Run("receive", "--redis", server.Address, "--group", "soc", "--consumer", "me", "--first", "5");
        CommandResult rest = CommandProcess.Run("receive", "--redis", server.Address, "--group", "soc", "--consumer", "me");
        CommandResult all = CommandProcess.Run("receive", "--redis", server.Address);
        Assert.Equal(all.Output, first.Output.Concat(rest.Output));
        Assert.Empty(CommandProcess.Run("receive", "--redis", server.Address, "--group", "soc").Output);
    }

    [Fact]
    public void What_is_missing_is_a_failure()
    {
        using RedisServer server = RedisServer.Start(_folder);
        RunAgent(server, "dom0-1");
        using (ConnectionMultiplexer redis = server.Connect())
        {
            StreamEntry third = redis.GetDatabase().StreamRange("xenvmevent:dom0-1", count: 3)[2];
            redis.GetDatabase().StreamDelete("xenvmevent:dom0-1", [third.Id]);
        }

        CommandResult result = CommandProcess.Run("receive", "--redis", server.Address);
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("xenvmevent: dom0-1: 1 entry is missing between ", result.Errors[0], StringComparison.Ordinal);
        Assert.EndsWith(", 1 missing", result.Errors[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("receive", 2, "InvalidUsage")]
    [InlineData("receive --redis /nowhere,x=1", 1, "InvalidArgument")]
    [InlineData("receive --redis !/nowhere/redis.sock", 1, "RedisFailed: Redis cannot be reached: UnableToConnect.")]
    [InlineData("receive --redis localhost --event nosuch", 2, "'nosuch' is not a kind of event")]
    [InlineData("receive --redis localhost --since yesterday", 2, "'yesterday' is neither a time")]
    [InlineData("receive --redis localhost --consumer me", 2, "--consumer needs --group.")]
    [InlineData("receive --redis localhost --window 1", 2, "--window needs --follow.")]
    [InlineData("receive --redis localhost --follow --window -1", 2, "--window takes a number of seconds")]
    public void What_makes_no_sense_is_refused(string arguments, int exitCode, string error)
    {
        CommandResult result = CommandProcess.Run(arguments.Split(' '));
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Contains(error, Assert.Single(result.Errors), StringComparison.Ordinal);
    }

    /// <summary>Until it has sent some events.</summary>
    private void RunAgent(RedisServer server, string host)
    {
        string folder = Path.Combine(_folder, host);
        Directory.CreateDirectory(Path.Combine(folder, "policies.d"));
        File.WriteAllText(Path.Combine(folder, "policies.d", "test.yaml"), Policy);
        string configuration = Path.Combine(folder, "agent.yaml");
        File.WriteAllText(configuration, $"{{version: 1, outputs: {{fleet: {{type: redis, server: '{server.Address}', host: {host}, spool: spool}}}}}}");
        using ConnectionMultiplexer redis = server.Connect();
        using CommandProcess agent = CommandProcess.Start("agent", "--config", configuration, "--simulate");
        Until.True(() => redis.GetDatabase().StreamLength($"xenvmevent:{host}") > 20);
        agent.Signal("TERM");
        Assert.Equal(0, agent.Finish().ExitCode);
    }

    private static List<VmEvent> Read(string file)
    {
        using RecordingReader recording = RecordingReader.Open(file);
        List<VmEvent> events = [];
        while (recording.Read() is { } vmEvent) events.Add(vmEvent);
        return events;
    }
}
