using System.CommandLine;
using XenVmEvent.Agent;

namespace XenVmEvent.Cli;

/// <summary>The command line of <c>xenvmevent agent</c>.</summary>
internal static class AgentCommand
{
    /// <summary>The command's name.</summary>
    public const string Name = "agent";

    /// <summary>How the command is called.</summary>
    public const string Usage = "xenvmevent agent [--config <file>] [--set <key=value>]... [options]";

    private const string CheckUsage = "xenvmevent agent check [--config <file>] [--set <key=value>]...";
    private const string StatusUsage = "xenvmevent agent status [--socket <file>] [--format json]";

    private const string UsualConfiguration = "/etc/xenvmevent/agent.yaml";

    private static readonly Option<string> Configuration = new("--config")
    {
        Description = $"The configuration, by default {UsualConfiguration}. Files *.yaml in the folder of its name with .d win over it.",
        HelpName = "file",
        DefaultValueFactory = _ => UsualConfiguration,
    };

    private static readonly Option<string[]> Setting = new("--set")
    {
        Description = "A setting that wins over the files, as in outputs.events.path=/tmp/events.jsonl; may be repeated.",
        HelpName = "key=value",
        DefaultValueFactory = _ => [],
    };

    private static readonly Option<string> Socket = new("--socket")
    {
        Description = $"The agent's socket, by default {new StatusSettings().Socket}.",
        HelpName = "file",
        DefaultValueFactory = _ => new StatusSettings().Socket,
    };

    private static readonly Option<OutputFormat> Format = new("--format")
    {
        Description = "text, for people, or json, one object.",
        HelpName = "format",
        CustomParser = XenVmEventCommand.ParseFormat,
    };

    /// <summary>The command, to be added to the root.</summary>
    public static Command Create()
    {
        Command check = new("check", "Checks the configuration and its policies. No guest is touched.") { Configuration, Setting };
        check.SetAction(parsed => new AgentCheckRun(parsed.GetRequiredValue(Configuration), parsed.GetRequiredValue(Setting)).Run());

        Command status = new("status", "Asks a running agent for its guests, policies and outputs.") { Socket, Format };
        status.SetAction(parsed => new AgentStatusRun(parsed.GetRequiredValue(Socket), parsed.GetValue(Format)).Run());

        Command command = new(Name, "Keeps policies on guests, unattended, and sends what they report to files, the journal and Redis.")
        {
            Configuration, Setting, XenVmEventCommand.NoGuard, XenVmEventCommand.Simulate, check, status,
        };
        command.SetAction(parsed =>
        {
            using AgentRun run = new(new AgentArguments
            {
                Configuration = parsed.GetRequiredValue(Configuration),
                Settings = parsed.GetRequiredValue(Setting),
                NoGuard = parsed.GetValue(XenVmEventCommand.NoGuard),
                Simulate = parsed.GetValue(XenVmEventCommand.Simulate),
            });
            return run.Run();
        });
        return command;
    }

    /// <summary>How one of its subcommands is called.</summary>
    public static string UsageOf(Command subcommand) => subcommand.Name == "check" ? CheckUsage : StatusUsage;
}

/// <summary>What the command line asks for.</summary>
internal sealed record AgentArguments
{
    public required string Configuration { get; init; }

    public required string[] Settings { get; init; }

    public bool NoGuard { get; init; }

    public bool Simulate { get; init; }
}
