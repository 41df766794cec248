using System.CommandLine;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Cli;

/// <summary>The command line of <c>xenvmevent apply</c>.</summary>
internal static class ApplyCommand
{
    /// <summary>How the command is called.</summary>
    public const string Usage = "xenvmevent apply <policy> [<domain>] [options]";

    private static readonly Argument<string> Policy = new("policy") { Description = "The policy's file, YAML or JSON.", HelpName = "file" };
    private static readonly Argument<string?> Domain = new("domain")
    {
        Description = "Only this guest of those that the policy is for: its id, name or uuid. Without it, all of them.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<OutputFormat> Format = new("--format")
    {
        Description = "text, for people, or json, one object per line.",
        HelpName = "format",
        CustomParser = XenVmEventCommand.ParseFormat,
    };

    /// <summary>The command, to be added to the root.</summary>
    public static Command Create()
    {
        Command command = new("apply", "Has a policy decide what guests may do, and prints the events that it reports.")
        {
            Policy, Domain, XenVmEventCommand.Follow, Format, XenVmEventCommand.Output, XenVmEventCommand.First, XenVmEventCommand.Duration, XenVmEventCommand.Channel,
            XenVmEventCommand.NoGuard, XenVmEventCommand.Simulate, XenVmEventCommand.Trace, XenVmEventCommand.Fast,
        };
        command.Validators.Add(result =>
        {
            XenVmEventCommand.RefuseHalfReplay(result);
            if (result.GetResult(Domain) is { Tokens: [{ Value: ['-', ..] option }] }) result.AddError($"'{option}' is not an option of this command.");
        });
        command.SetAction(parsed =>
        {
            using ApplyRun run = new(new ApplyArguments
            {
                Policy = parsed.GetRequiredValue(Policy),
                Domain = parsed.GetValue(Domain),
                Follow = parsed.GetValue(XenVmEventCommand.Follow),
                Format = parsed.GetValue(Format),
                Output = parsed.GetValue(XenVmEventCommand.Output),
                First = parsed.GetValue(XenVmEventCommand.First),
                Duration = parsed.GetValue(XenVmEventCommand.Duration),
                Channel = parsed.GetValue(XenVmEventCommand.Channel),
                NoGuard = parsed.GetValue(XenVmEventCommand.NoGuard),
                Simulate = parsed.GetValue(XenVmEventCommand.Simulate),
                Trace = parsed.GetValue(XenVmEventCommand.Trace),
                Fast = parsed.GetValue(XenVmEventCommand.Fast),
            });
            return run.Run();
        });
        return command;
    }
}

/// <summary>What the command line asks for.</summary>
internal sealed record ApplyArguments
{
    public required string Policy { get; init; }

    public string? Domain { get; init; }

    public bool Follow { get; init; }

    public OutputFormat Format { get; init; }

    public string? Output { get; init; }

    public long? First { get; init; }

    public TimeSpan? Duration { get; init; }

    public ChannelPreference Channel { get; init; }

    public bool NoGuard { get; init; }

    public bool Simulate { get; init; }

    public string? Trace { get; init; }

    public bool Fast { get; init; }
}
