using Xunit;

namespace XenVmEvent.Cli.Tests;

/// <summary>What the command line refuses before it does anything: exit code 2.</summary>
public class UsageTests
{
    [Theory]
    [InlineData("", "domain")]
    [InlineData("web01", "mode")]
    [InlineData("web01 nonsense --simulate", "'nonsense' is not a mode; the modes are write, exec, altp2m_write")]
    [InlineData("web01 write --simulate --first 0", "--first takes a number of events, 1 or more")]
    [InlineData("web01 write --simulate --first -5", "--first takes a number of events, 1 or more")]
    [InlineData("web01 write --simulate --count many", "--first takes a number of events, 1 or more")]
    [InlineData("web01 write --simulate --first 99999999999999999999", "--first takes a number of events, 1 or more")]
    [InlineData("web01 write --simulate --duration 0", "--duration takes a number of seconds")]
    [InlineData("web01 write --simulate --duration -1", "--duration takes a number of seconds")]
    [InlineData("web01 write --simulate --duration NaN", "--duration takes a number of seconds")]
    [InlineData("web01 write --simulate --duration soon", "--duration takes a number of seconds")]
    [InlineData("web01 write --simulate --duration 1e8", "--duration takes a number of seconds")]
    [InlineData("web01 write --simulate --format xml", "--format takes text or json")]
    [InlineData("web01 write --simulate --format text --output a.jsonl", "--format text and --output exclude each other")]
    [InlineData("web01 write --simulate --output", "--output")]
    [InlineData("web01 write --trace a.jsonl", "--trace needs --simulate")]
    [InlineData("web01 write --simulate --fast", "--fast needs --trace")]
    [InlineData("web01 write --simulate --channel pigeon", "--channel takes auto, ring or slotted")]
    [InlineData("web01 write --simulate --gfn 5-4", "'5-4' is not a range")]
    [InlineData("web01 write --simulate --gfn zero", "'zero' is not a range")]
    [InlineData("web01 cpuid --simulate --gfn 5", "--gfn is for")]
    [InlineData("web01 cpuid --simulate --repeat", "--repeat is for")]
    [InlineData("web01 cpuid --simulate --response perhaps", "'perhaps' is not a response")]
    [InlineData("web01 cpuid --simulate --register cr3=1", "'cr3' is not a register that an answer can set")]
    [InlineData("web01 cpuid --simulate --register rax", "'rax' gives Rax no value")]
    [InlineData("web01 cpuid --simulate --register rax=1=2", "'rax=1=2' gives Rax no value")]
    [InlineData("web01 cpuid --simulate --register rax=-1", "'rax=-1' gives Rax no value")]
    [InlineData("web01 msr --simulate", "--msr is for")]
    [InlineData("web01 cpuid --simulate --msr 5", "--msr is for")]
    [InlineData("web01 msr --simulate --msr 0x1g", "'0x1g' is neither the number nor the name of a register")]
    [InlineData("web01 cpuid --simulate --new-value 1", "--new-value and --exclude-new-value are for the modes msr and write_ctrlreg_cr4")]
    [InlineData("web01 write --simulate --exclude-new-value 1", "--new-value and --exclude-new-value are for the modes msr and write_ctrlreg_cr4")]
    [InlineData("web01 msr --simulate --msr 1 --new-value main", "'main' is neither an address nor a range")]
    [InlineData("web01 cpuid --simulate --linear-address 1", "--linear-address is for")]
    [InlineData("web01 cpuid --simulate --symbol main", "--symbol needs --symbol-map")]
    [InlineData("web01 write --nonsense", "--nonsense")]
    [InlineData("web01 write more", "more")]
    public void Wrong_usage_is_refused_in_a_line_that_says_what_is_wrong(string arguments, string reason)
    {
        (int exitCode, string[] errors) = Run(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(2, exitCode);
        string error = Assert.Single(errors);
        Assert.StartsWith("xenvmevent: InvalidUsage: ", error, StringComparison.Ordinal);
        Assert.Contains(reason, error, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", error, StringComparison.Ordinal);
        Assert.Contains("Usage: xenvmevent [-m] <domain> <mode>", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("web01 --help")]
    public void Help_tells_of_every_mode_and_option(string arguments)
    {
        CommandResult help = CommandProcess.Run(arguments.Split(' '));
        Assert.Equal(0, help.ExitCode);
        Assert.Empty(help.Errors);
        Assert.Contains("Usage: xenvmevent [-m] <domain> <mode> [options]", help.Output);
        Assert.All(help.Output, line => Assert.InRange(line.Length, 0, 80));
        string unwrapped = string.Join(' ', help.Output.Select(line => line.Trim()));
        foreach (WatchMode mode in WatchMode.All) Assert.Contains($" {mode.Name}: {mode.Description} ", unwrapped, StringComparison.Ordinal);
        foreach (string option in (string[])["-?, -h, --help ", "--version ", "-m ", "--channel <channel> ", "--gfn <ranges> "])
        {
            Assert.Single(help.Output, l => l.StartsWith($"  {option}", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("agent")]
    [InlineData("agent check")]
    [InlineData("agent status")]
    [InlineData("apply")]
    [InlineData("check")]
    [InlineData("read")]
    [InlineData("receive")]
    [InlineData("report")]
    [InlineData("reset")]
    [InlineData("test")]
    public void Help_of_a_command_fits_a_terminal(string command)
    {
        CommandResult help = CommandProcess.Run([.. command.Split(' '), "--help"]);
        Assert.Equal(0, help.ExitCode);
        Assert.All(help.Output, line => Assert.InRange(line.Length, 0, 80));
        Assert.Contains(help.Output, line => line.StartsWith($"Usage: xenvmevent {command} ", StringComparison.Ordinal));
    }

    /// <summary>Runs what ends before any output within this process; the tests of one class run one after the other.</summary>
    private static (int ExitCode, string[] Errors) Run(string[] arguments)
    {
        TextWriter standard = Console.Error;
        using var errors = new StringWriter();
        Console.SetError(errors);
        try
        {
            return (XenVmEventCommand.Run(arguments), errors.ToString().TrimEnd().Split(Environment.NewLine));
        }
        finally
        {
            Console.SetError(standard);
        }
    }
}
