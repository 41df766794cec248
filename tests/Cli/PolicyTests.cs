using System.Text.Json;
using Xunit;

namespace XenVmEvent.Cli.Tests;

/// <summary><c>xenvmevent check</c> and <c>xenvmevent apply</c>.</summary>
public sealed class PolicyTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("xenvmevent-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_policy_is_checked_applied_recorded_and_tried()
    {
        string policy = Write(
            "{name: lstar, event: MovToMsr, msr: IA32_LSTAR, answer: deny, severity: critical}",
            "{name: cr3, event: WriteControlRegister, register: CR3}");
        CommandResult valid = CommandProcess.Run("check", policy);
        Assert.Equal(0, valid.ExitCode);
        Assert.Equal($"{policy}: valid. test has 2 rules and decides for the guests web*.", Assert.Single(valid.Output));

        string recording = Path.Combine(_folder, "r.jsonl.gz");
        CommandResult applied = CommandProcess.Run("apply", policy, "--simulate", "--first", "40", "--output", recording);
        Assert.Equal(0, applied.ExitCode);
        Assert.Contains("xenvmevent: test decides for web01 (id 1); Ctrl-C ends", applied.Errors);
        Assert.Contains("xenvmevent: 40 events recorded, none lost", applied.Errors);

        CommandResult tried = CommandProcess.Run("check", policy, "--recording", recording, "--format", "json");
        JsonElement[] rows = [.. tried.Output.Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(["lstar", "cr3", null], rows.Select(row => row.GetProperty("rule").GetString()));
        Assert.Equal(40, rows.Sum(row => row.GetProperty("events").GetInt64()));
        Assert.Equal(rows[0].GetProperty("events").GetInt64(), rows[0].GetProperty("answered").GetInt64());
        Assert.Equal(0, rows[2].GetProperty("events").GetInt64());

        string[] detailed = CommandProcess.Run("check", policy, "--recording", recording, "--detailed").Output;
        Assert.Equal(40, detailed.Length);
        Assert.All(detailed, line => Assert.Matches("^(lstar: MovToMsr web01 .* -> Deny|cr3: WriteControlRegister web01 .*)$", line));
    }

    [Fact]
    public void Events_name_their_rule()
    {
        string policy = Write("{name: lstar, event: MovToMsr, msr: IA32_LSTAR, answer: deny, severity: critical, message: Set once.}");
        Assert.All(
            CommandProcess.Run("apply", policy, "web01", "--simulate", "--first", "3").Output,
            line => Assert.Matches(@"^critical lstar: MovToMsr web01 .* -> Deny \(Set once\.\)$", line));
        JsonElement one = JsonDocument.Parse(CommandProcess.Run("apply", policy, "--simulate", "--first", "1", "--format", "json").Output[0]).RootElement;
        Assert.Equal(
            ("test", "lstar", "Critical", "Rule", "Deny"),
            (Text("policy"), Text("rule"), Text("severity"), Text("responseState"), Text("response")));

        string? Text(string name) => one.GetProperty(name).GetString();
    }

    [Fact]
    public void What_is_wrong_is_told_where_it_is()
    {
        string policy = Write("{name: lstar, event: MovToMsr, msr: IA32_LSTRA}", "{name: leaf, event: Cpuid, when: laef == 1}");
        CommandResult wrong = CommandProcess.Run("check", policy);
        Assert.Equal(1, wrong.ExitCode);
        Assert.Equal(2, wrong.Output.Length);
        Assert.StartsWith($"{policy}:5:39: 'IA32_LSTRA' is neither", wrong.Output[0], StringComparison.Ordinal);
        Assert.EndsWith("did you mean 'leaf'?", wrong.Output[1], StringComparison.Ordinal);

        CommandResult refused = CommandProcess.Run("apply", policy, "--simulate");
        Assert.Equal(1, refused.ExitCode);
        Assert.Empty(refused.Output);
        Assert.StartsWith("xenvmevent: InvalidPolicy: ", Assert.Single(refused.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("apply none.yaml --simulate", 1, "InvalidPolicy")]
    [InlineData("check none.yaml", 1, "InvalidPolicy")]
    [InlineData("apply POLICY db01 --simulate", 1, "is not for db01")]
    [InlineData("apply POLICY none --simulate", 1, "DomainNotFound")]
    [InlineData("check POLICY --recording none.jsonl", 1, "RecordingFailed")]
    [InlineData("check POLICY --detailed", 2, "--detailed needs --recording")]
    [InlineData("apply POLICY --trace a.jsonl", 2, "--trace needs --simulate")]
    [InlineData("apply POLICY --sim", 2, "'--sim' is not an option")]
    public void What_cannot_be_is_one_line(string arguments, int exitCode, string message)
    {
        string policy = Write("{name: leaf, event: Cpuid}");
        CommandResult result = CommandProcess.Run([.. arguments.Split(' ').Select(one => one.Replace("POLICY", policy, StringComparison.Ordinal))]);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.Contains(message, Assert.Single(result.Errors), StringComparison.Ordinal);
    }

    private string Write(params string[] rules)
    {
        string path = Path.Combine(_folder, "p.yaml");
        File.WriteAllText(path, $"version: 1\nname: test\ndomains: [web*]\nrules:\n{string.Concat(rules.Select(rule => $"- {rule}\n"))}");
        return path;
    }
}
