using Xunit;

namespace XenVmEvent.Cli.Tests;

public class ResetTests
{
    [Fact]
    public void It_says_what_it_found()
    {
        CommandResult result = CommandProcess.Run("reset", "web01", "--yes", "--simulate");
        Assert.Equal(0, result.ExitCode);
        Assert.Empty(result.Errors);
        Assert.Equal(
            [
                "web01 (id 1): its monitor was not enabled.",
                "frozen vCPUs: none; still frozen: none.",
                "Every page can be read, written and executed.",
            ],
            result.Output);
    }

    [Fact]
    public void Nobody_to_ask_is_no_consent()
    {
        CommandResult result = CommandProcess.Run("reset", "web01", "--simulate");
        Assert.Equal(2, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.Contains("no terminal to ask", Assert.Single(result.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void A_domain_that_is_not_there_is_an_error()
    {
        CommandResult result = CommandProcess.Run("reset", "nonesuch", "--yes", "--simulate");
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("xenvmevent: DomainNotFound: ", Assert.Single(result.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Its_help_and_usage_are_its_own()
    {
        CommandResult help = CommandProcess.Run("reset", "--help");
        Assert.Equal(0, help.ExitCode);
        Assert.Contains("Usage: xenvmevent reset <domain> [--yes]", help.Output);
        CommandResult wrong = CommandProcess.Run("reset");
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("Usage: xenvmevent reset <domain> [--yes]", Assert.Single(wrong.Errors), StringComparison.Ordinal);
    }
}
