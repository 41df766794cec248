using System.Text.Json;
using Xunit;

namespace XenVmEvent.Cli.Tests;

/// <summary><c>xenvmevent test</c>.</summary>
public class TestCommandTests
{
    [Fact]
    public void A_domain_that_can_be_monitored_is_exit_code_0()
    {
        CommandResult result = CommandProcess.Run("test", "web01", "--simulate");
        Assert.Equal(0, result.ExitCode);
        Assert.Empty(result.Errors);
        Assert.Equal("host", result.Output[0]);
        Assert.Equal("  Xen           passed   Simulated Xen, within this process.", result.Output[2]);
        Assert.Equal("web01", result.Output[8]);
        Assert.Equal("  DomainType    passed   Its type is HVM; it has 2 vCPUs.", result.Output[9]);
        Assert.Equal("web01 can be monitored.", result.Output[^1]);
        Assert.All(result.Output, line => Assert.True(line.Length <= 110, line));
    }

    [Fact]
    public void Without_a_domain_only_the_host_is_looked_at()
    {
        CommandResult result = CommandProcess.Run("test", "--simulate");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(9, result.Output.Length);
        Assert.Equal("This host's domains can be monitored.", result.Output[^1]);
    }

    [Fact]
    public void A_domain_that_cannot_be_monitored_is_exit_code_1_with_the_remedy()
    {
        CommandResult result = CommandProcess.Run("test", "0", "--simulate");
        Assert.Equal(1, result.ExitCode);
        Assert.Empty(result.Errors);
        Assert.Contains("                         -> Choose an HVM or PVH guest.", result.Output);
        Assert.Equal("Domain-0 cannot be monitored: DomainType.", result.Output[^1]);
    }

    [Fact]
    public void A_machine_without_Xen_says_so_and_what_to_do()
    {
        if (Directory.Exists("/proc/xen")) return; // In dom0 it passes; the tests that boot Xen see to that.

        CommandResult result = CommandProcess.Run("test", "web01");
        Assert.Equal(1, result.ExitCode);
        Assert.Empty(result.Errors);
        Assert.Contains("  Xen           failed   This machine does not run Xen.", result.Output);
        Assert.Contains(result.Output, line => line.Contains("--simulate", StringComparison.Ordinal));
        Assert.Contains("  DomainType    skipped  Not checked: the host's checks failed.", result.Output);
        Assert.Equal("web01 cannot be monitored: Xen.", result.Output[^1]);
    }

    [Fact]
    public void A_domain_that_is_not_there_is_an_error()
    {
        CommandResult result = CommandProcess.Run("test", "nope", "--simulate");
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("xenvmevent: DomainNotFound: ", Assert.Single(result.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Json_is_one_object_a_check()
    {
        CommandResult result = CommandProcess.Run("test", "0", "--simulate", "--format", "json");
        Assert.Equal(1, result.ExitCode);
        JsonElement[] checks = [.. result.Output.Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(
            ["Privilege", "Xen", "Libraries", "Devices", "Interface", "Hardware", "AltP2m", "DomainType", "Capabilities", "PageAccess", "AltP2m", "Listener", "VCpus"],
            checks.Select(c => c.GetProperty("check").GetString()));
        Assert.All(checks[..7], c => Assert.Equal(JsonValueKind.Null, c.GetProperty("domain").ValueKind));
        Assert.All(checks[7..], c => Assert.Equal("Domain-0", c.GetProperty("domain").GetString()));
        Assert.Equal("Failed", checks[7].GetProperty("result").GetString());
        Assert.Contains("dom0", checks[7].GetProperty("found").GetString(), StringComparison.Ordinal);
        Assert.Equal("Choose an HVM or PVH guest.", checks[7].GetProperty("remedy").GetString());
    }

    [Theory]
    [InlineData("web01 db01")]
    [InlineData("--format xml")]
    [InlineData("--nonsense")]
    public void Wrong_usage_is_exit_code_2(string arguments)
    {
        CommandResult result = CommandProcess.Run(["test", .. arguments.Split(' ')]);
        Assert.Equal(2, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.Contains("Usage: xenvmevent test [<domain>] [--format json]", Assert.Single(result.Errors), StringComparison.Ordinal);
    }
}
