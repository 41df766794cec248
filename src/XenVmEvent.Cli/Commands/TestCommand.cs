using System.CommandLine;

namespace XenVmEvent.Cli;

/// <summary>The command line of <c>xenvmevent test</c>.</summary>
internal static class TestCommand
{
    /// <summary>How the command is called.</summary>
    public const string Usage = "xenvmevent test [<domain>] [--format json]";

    private static readonly Argument<string?> Domain = new("domain")
    {
        Description = "The domain: its id, name or uuid. Without it only the host is looked at.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<bool> Simulate = new("--simulate") { Description = "Look at a simulated host, with the guests web01 and db01." };
    private static readonly Option<OutputFormat> Format = new("--format")
    {
        Description = "text, for people, or json, one object a line.",
        HelpName = "format",
        CustomParser = XenVmEventCommand.ParseFormat,
    };

    /// <summary>The command, to be added to the root.</summary>
    public static Command Create()
    {
        Command command = new("test", "Tells whether the host and a domain can be monitored, and what to do if not; changes nothing.") { Domain, Simulate, Format };
        command.Validators.Add(result =>
        {
            // A misspelt option would be taken for the domain.
            if (result.GetResult(Domain) is { Tokens: [{ Value: ['-', ..] option }] }) result.AddError($"'{option}' is no option of this command.");
        });
        command.SetAction(parsed => new TestRun(parsed.GetValue(Domain), parsed.GetValue(Format), parsed.GetValue(Simulate)).Run());
        return command;
    }
}
