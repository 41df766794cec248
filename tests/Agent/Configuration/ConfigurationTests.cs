using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Policy;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>What the files of an agent say, and what is wrong with them.</summary>
public sealed class ConfigurationTests : IDisposable
{
    private const string Policy = "{version: 1, name: NAME, domains: ['web*'], rules: [{name: leaf, event: Cpuid}]}";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void All_settings_are_read()
    {
        _folder.Write("policies.d/20-b.yaml", Policy.Replace("NAME", "second", StringComparison.Ordinal));
        _folder.Write("policies.d/10-a.json", Policy.Replace("NAME", "first", StringComparison.Ordinal));
        _folder.Write("policies.d/README", "no policy");
        _folder.Write("policies.d/.hidden.yaml", "no policy");
        AgentConfiguration read = Read(
            "version: 1",
            "channel: ring",
            "limits: {buffer: 100, holdTime: 50ms, endTime: 2s}",
            "outputs:",
            "  events: {type: file, path: log/events.jsonl, fileSize: 2MiB, fileAge: 1h, totalSize: 1.5GiB, queue: 7, severity: notice}",
            "  alerts: {type: journal, socket: /run/other}",
            "  fleet: {type: redis, server: 'redis.example:6379,ssl=true', passwordFile: secret, authorityFile: ca.pem, host: dom0-1, spool: waiting, spoolSize: 8MiB, mostEntries: 5000, longestAge: 2h}",
            "  usual: {type: redis, server: localhost}",
            "  off: {type: journal, enabled: false}");
        Assert.Equal(["first", "second"], read.Policies.Select(one => one.Policy.Name));
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(_folder["policies.d/10-a.json"]))), read.Policies[0].Sha256);
        Assert.Equal(ChannelPreference.Ring, read.Channel);
        Assert.Equal(new AgentLimits { Buffer = 100, HoldTime = TimeSpan.FromMilliseconds(50), EndTime = TimeSpan.FromSeconds(2) }, read.Limits);
        Assert.Equal(
            [
                new FileOutputSettings
                {
                    Name = "events",
                    Path = _folder["log/events.jsonl"],
                    FileSize = 2 << 20,
                    FileAge = TimeSpan.FromHours(1),
                    TotalSize = 3L << 29,
                    Queue = 7,
                    Severity = RuleSeverity.Notice,
                },
                new JournalOutputSettings { Name = "alerts", Socket = "/run/other", Severity = RuleSeverity.Warning },
                new RedisOutputSettings
                {
                    Name = "fleet",
                    Redis = new RedisSettings { Server = "redis.example:6379,ssl=true", PasswordFile = _folder["secret"], AuthorityFile = _folder["ca.pem"] },
                    HostName = "dom0-1",
                    SpoolFolder = _folder["waiting"],
                    SpoolSize = 8 << 20,
                    MostEntries = 5000,
                    LongestAge = TimeSpan.FromHours(2),
                },
                new RedisOutputSettings { Name = "usual", Redis = new RedisSettings { Server = "localhost" }, SpoolFolder = "/var/spool/xenvmevent/usual" },
            ],
            read.Outputs);
    }

    [Fact]
    public void Drop_ins_win_in_the_order_of_their_names_and_settings_of_the_command_line_last()
    {
        Directory.CreateDirectory(_folder["policies.d"]);
        _folder.Write("agent.yaml.d/10-a.yaml", "limits: {buffer: 2, holdTime: 2s}", "outputs: {events: {queue: 2}}");
        _folder.Write("agent.yaml.d/20-b.yaml", "limits: {buffer: 3}", "outputs: {alerts: {type: journal}}");
        _folder.Write("agent.yaml.d/30-c.txt", "limits: {buffer: 4}");
        string file = _folder.Write("agent.yaml", "version: 1", "limits: {buffer: 1, endTime: 1s}", "outputs: {events: {type: file, path: /tmp/a, queue: 1}}");
        AgentConfiguration? read = AgentConfigurationFile.Read(file, ["outputs.events.path=/tmp/b", "limits.endTime=3s"], out IReadOnlyList<PolicyProblem> problems);
        Assert.Empty(problems);
        Assert.Equal(new AgentLimits { Buffer = 3, HoldTime = TimeSpan.FromSeconds(2), EndTime = TimeSpan.FromSeconds(3) }, read!.Limits);
        Assert.Equal(["events", "alerts"], read.Outputs.Select(one => one.Name));
        Assert.Equal(("/tmp/b", 2), (Assert.IsType<FileOutputSettings>(read.Outputs[0]).Path, read.Outputs[0].Queue));
    }

    [Theory]
    [InlineData("bufer: 1", 2, 10, "'limits' has no 'bufer': did you mean 'buffer'?", "limits: {bufer: 1}")]
    [InlineData("output", 2, 1, "A configuration has no 'output': did you mean 'outputs'?", "output: {}")]
    [InlineData("type", 3, 3, "'type' is missing: it is one of file, journal, redis", "outputs:", "  a: {path: /tmp/a}")]
    [InlineData("types", 3, 13, "'type' is one of file, journal, redis", "outputs:", "  a: {type: jurnal}", "Did you mean 'journal'?")]
    [InlineData("other type's key", 3, 22, "An output of the type journal has no 'path'", "outputs:", "  a: {type: journal, path: /tmp/a}")]
    [InlineData("path", 3, 6, "'path' is missing.", "outputs:", "  a: {type: file}")]
    [InlineData("size", 3, 43, "'fileSize' is a size of at least 1024 KiB", "outputs:", "  a: {type: file, path: /tmp/a, fileSize: 64KB}")]
    [InlineData("total", 3, 60, "'totalSize' is at least twice 'fileSize'", "outputs:", "  a: {type: file, path: /tmp/a, fileSize: 2MiB, totalSize: 3MiB}")]
    [InlineData("queue", 3, 29, "'queue' is a number from 1 to", "outputs:", "  a: {type: journal, queue: 0}")]
    [InlineData("name", 3, 3, "The name of an output has 1 to 40 small letters", "outputs:", "  A.b: {type: journal}")]
    [InlineData("twice", 3, 1, "'channel' comes twice.", "channel: ring", "channel: ring")]
    [InlineData("same file", 4, 6, "The output 'a' writes to this file already.", "outputs:", "  a: {type: file, path: /tmp/a}", "  b: {type: file, path: /tmp/../tmp/a}")]
    [InlineData("server", 3, 6, "'server' is missing.", "outputs:", "  a: {type: redis}")]
    [InlineData("host", 3, 42, "'host' is the name of a host", "outputs:", "  a: {type: redis, server: redis, host: 'dom0*'}")]
    [InlineData("Redis' options", 3, 29, "A Redis is named by hosts and options", "outputs:", "  a: {type: redis, server: 'redis,nosuch=1'}")]
    [InlineData("entries", 3, 48, "'mostEntries' is a number, 1 or more.", "outputs:", "  a: {type: redis, server: redis, mostEntries: 0}")]
    [InlineData("folder", 2, 11, "cannot be read", "policies: none.d")]
    [InlineData("yaml", 3, 1, "This is not YAML", "limits: [")]
    [InlineData("list", 2, 10, "'outputs' is a map", "outputs: [a]")]
    public void What_is_wrong_is_told_with_its_place(string _, int line, int column, string message, params string[] lines)
    {
        Directory.CreateDirectory(_folder["policies.d"]);
        string[] text = [.. lines.Where(one => !one.StartsWith("Did", StringComparison.Ordinal))];
        PolicyProblem problem = Problems(["version: 1", .. text])[0];
        Assert.Equal((_folder["agent.yaml"], line, column), (problem.Source, problem.Line, problem.Column));
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
        Assert.All(lines.Except(text), more => Assert.Contains(more, problem.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Problems_of_drop_ins_settings_and_policies_name_their_file()
    {
        _folder.Write("policies.d/a.yaml", Policy.Replace("NAME", "same", StringComparison.Ordinal));
        _folder.Write("policies.d/b.yaml", Policy.Replace("NAME", "same", StringComparison.Ordinal));
        _folder.Write("policies.d/c.yaml", "version: 1", "nmae: x");
        _folder.Write("agent.yaml.d/a.yaml", "limits: {", "  bufer: 1 }");
        string file = _folder.Write("agent.yaml", "version: 1", "limits: {buffer: 0}");
        Assert.Null(AgentConfigurationFile.Read(file, ["limits.holdTime=never"], out IReadOnlyList<PolicyProblem> problems));
        string[] told = [.. problems.Select(one => $"{Path.GetRelativePath(_folder.Path, one.Source!)}:{one.Line}:{one.Column}: {one.Message}")];
        Assert.Contains(told, one => one.StartsWith("agent.yaml:2:18: 'buffer' is a number", StringComparison.Ordinal));
        Assert.Contains(told, one => one.StartsWith("agent.yaml.d/a.yaml:2:3: 'limits' has no 'bufer'", StringComparison.Ordinal));
        Assert.Contains(told, one => one.EndsWith("--set limits.holdTime=never:1:17: 'holdTime' is a time of at most 3600 seconds, such as 50ms, 1.5s or 2min.", StringComparison.Ordinal));
        Assert.Contains(told, one => one.StartsWith("policies.d/b.yaml:1:1: The policy in '", StringComparison.Ordinal));
        Assert.Contains(told, one => one.StartsWith("policies.d/c.yaml:2:1: A policy has no 'nmae'", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("buffer")]
    [InlineData("=1")]
    [InlineData("limits.buffer=[")]
    public void A_setting_that_is_none_is_told(string setting)
    {
        Directory.CreateDirectory(_folder["policies.d"]);
        string file = _folder.Write("agent.yaml", "version: 1");
        Assert.Null(AgentConfigurationFile.Read(file, [setting], out IReadOnlyList<PolicyProblem> problems));
        Assert.Equal($"--set {setting}", Assert.Single(problems).Source);
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_an_error()
    {
        XenException error = Assert.Throws<XenException>(() => AgentConfigurationFile.Read(_folder["none.yaml"], [], out _));
        Assert.Equal(XenErrorId.InvalidConfiguration, error.Id);
        Assert.Contains("none.yaml", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("4096", 4096L)]
    [InlineData("1KiB", 1024L)]
    [InlineData("1.5 MiB", 3L << 19)]
    [InlineData("2GiB", 2L << 30)]
    [InlineData("1TiB", 1L << 40)]
    [InlineData("", null)]
    [InlineData("1MB", null)]
    [InlineData("-1", null)]
    [InlineData("1e3", null)]
    [InlineData("99999999TiB", null)]
    public void A_size_has_a_binary_unit(string text, long? bytes) => Assert.Equal(bytes, SizeText.TryParse(text, out long read) ? read : null);

    private AgentConfiguration Read(params string[] lines)
    {
        AgentConfiguration? read = AgentConfigurationFile.Read(_folder.Write("agent.yaml", lines), [], out IReadOnlyList<PolicyProblem> problems);
        Assert.Empty(problems);
        return read!;
    }

    private IReadOnlyList<PolicyProblem> Problems(string[] lines)
    {
        Assert.Null(AgentConfigurationFile.Read(_folder.Write("agent.yaml", lines), [], out IReadOnlyList<PolicyProblem> problems));
        Assert.NotEmpty(problems);
        return problems;
    }
}
