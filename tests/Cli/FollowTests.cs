using System.Text.Json;
using Xunit;

namespace XenVmEvent.Cli.Tests;

/// <summary>The command following guests.</summary>
[Trait("Speed", "Slow")]
public class FollowTests
{
    [Fact]
    public void All_guests_that_are_meant_are_watched_and_each_line_names_its_guest()
    {
        CommandResult result = CommandProcess.Run("*0?", "cpuid", "--follow", "--simulate", "--first", "200");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(200, result.Output.Length);
        foreach (string guest in new[] { "web01 (id 1)", "db01 (id 2)" })
        {
            string[] own = [.. result.Output.Where(line => line.StartsWith($"{guest}: ", StringComparison.Ordinal))];
            Assert.NotEmpty(own);
            Assert.All(own, line => Assert.Matches(XenAccessLines.Of("cpuid"), line[(guest.Length + 2)..]));
            Assert.Contains(result.Errors, line => line.StartsWith($"xenvmevent: {guest} is watched from its first instruction, by the ", StringComparison.Ordinal));
        }

        Assert.Equal("xenvmevent: following *0? on simulated Xen: cpuid; Ctrl-C ends", result.Errors[0]);
        Assert.Matches(@"\Axenvmevent: 200 events shown, \d+ seen in [\d.]+ s, none lost\z", result.Errors[^1]);
        Assert.Equal(4, result.Errors.Length);
    }

    [Theory]
    [InlineData("altp2m_write", "web*")]
    [InlineData("cpuid", "2")]
    [InlineData("cpuid", "web01")]
    public void A_name_or_an_id_means_only_its_guest(string mode, string domain)
    {
        CommandResult result = CommandProcess.Run(domain, mode, "--follow", "--simulate", "--first", "20", "--format", "json");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(20, result.Output.Length);
        string expected = domain == "2" ? "db01" : "web01";
        Assert.All(result.Output, line => Assert.Equal(expected, JsonDocument.Parse(line).RootElement.GetProperty("domain").GetString()));
    }

    [Fact]
    public void A_guest_need_not_exist_yet()
    {
        CommandResult result = CommandProcess.Run("later*", "cpuid", "--follow", "--simulate", "--duration", "0.2");
        Assert.Equal(0, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.Contains("0 events shown", result.Errors[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_signal_ends_it_cleanly()
    {
        using CommandProcess command = CommandProcess.Start("*", "cpuid", "--follow", "--simulate");
        Assert.NotNull(command.Output.ReadLine());
        command.Signal("INT");
        CommandResult result = command.Finish();
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("none lost", result.Errors[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("99", "DomainNotFound", "--follow")]
    [InlineData("0", "DomainNotSupported", "--follow")]
    [InlineData("web*", "DomainNotFound")]
    public void What_can_never_be_watched_is_refused(string domain, string error, params string[] options)
    {
        CommandResult result = CommandProcess.Run([domain, "cpuid", "--simulate", .. options]);
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith($"xenvmevent: {error}: ", Assert.Single(result.Errors), StringComparison.Ordinal);
    }
}
