using System.CommandLine;
using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Xen;
using XenVmEvent.Recovery;

namespace XenVmEvent.Cli;

/// <summary>The command line of <c>xenvmevent guard</c>, which sessions call, not people.</summary>
internal static class GuardCommand
{
    /// <summary>How the command is called.</summary>
    public const string Usage = "xenvmevent guard <id> <uuid> <file> [--late], or xenvmevent guard starts <file>";

    private static readonly Argument<uint> Id = new("id") { Description = "The domain's id." };
    private static readonly Argument<Guid> Uuid = new("uuid") { Description = "The domain's uuid, because another domain may have its id by now." };
    private static readonly Argument<string> State = new("file") { Description = "The file in which the listener notes what it changes." };
    private static readonly Option<bool> Late = new("--late") { Description = "The monitor is enabled already." };

    /// <summary>The command, to be added to the root.</summary>
    public static Command Create()
    {
        Command command = new("guard", "Waits for a listener to end, and frees its guest if the listener did not.") { Id, Uuid, State, Late };
        command.Hidden = true;
        Command starts = new("starts", "Waits for a process to end that keeps guests back when they start, and lets them run if it did not.") { State };
        starts.SetAction(parsed => new GuardRun(parsed.GetRequiredValue(State)).Run());
        command.Subcommands.Add(starts);
        command.SetAction(parsed =>
            new GuardRun(parsed.GetRequiredValue(Id), parsed.GetRequiredValue(Uuid), parsed.GetRequiredValue(State), parsed.GetValue(Late)).Run());
        return command;
    }
}

/// <summary>
/// Runs as the guard of the process that started it and that keeps standard input open as long as it lives.
/// </summary>
internal sealed class GuardRun
{
    private readonly Func<IHypervisor, IReadOnlyList<XenException>> _guard;

    /// <summary>The guard of a domain that is watched.</summary>
    public GuardRun(uint id, Guid uuid, string state, bool late) =>
        _guard = hypervisor => Guard.Run(hypervisor, hypervisor.FindDomain(id, uuid), late, state, Console.In, Console.Out);

    /// <summary>The guard of domains that start.</summary>
    public GuardRun(string state) => _guard = hypervisor =>
    {
        Guard.RunForStarts(hypervisor, state, Console.In, Console.Out);
        return [];
    };

    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        // What ends the listener, such as Ctrl-C in its terminal, must not end its guard.
        using IDisposable signals = EndingSignals.Outlive(() => { });
        try
        {
            Guard.Detach();
            using IHypervisor hypervisor = XenHypervisor.Connect();
            IReadOnlyList<XenException> failures = _guard(hypervisor);
            foreach (XenException failure in failures) Say(failure);
            return failures.Count == 0 ? ExitCode.Success : ExitCode.Failure;
        }
        catch (XenException e)
        {
            Say(e);
            return ExitCode.Failure;
        }
    }

    private static void Say(XenException e) => StandardError.Write($"{e.Id}: {e.Message} {Remedies.Of(e)}");
}
