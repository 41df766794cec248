using System.CommandLine;

namespace XenVmEvent.Cli;

/// <summary>The command line of <c>xenvmevent reset</c>.</summary>
internal static class ResetCommand
{
    /// <summary>How the command is called.</summary>
    public const string Usage = "xenvmevent reset <domain> [--yes]";

    private static readonly Argument<string> Domain = new("domain") { Description = "The domain: its id, name or uuid." };
    private static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Do not ask, though a listener that is alive is cut off." };
    private static readonly Option<bool> Simulate = new("--simulate") { Description = "Reset a simulated guest, web01 or db01, on a machine without Xen." };

    /// <summary>The command, to be added to the root.</summary>
    public static Command Create()
    {
        Command command = new("reset", "Frees a guest that a listener left behind, with vCPUs that stand still.") { Domain, Yes, Simulate };
        command.SetAction(parsed => new ResetRun(parsed.GetRequiredValue(Domain), parsed.GetValue(Yes), parsed.GetValue(Simulate)).Run());
        return command;
    }
}
