using System.CommandLine;
using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Xen;
using XenVmEvent.Recovery;
using XenVmEvent.Simulation;

namespace XenVmEvent.Cli;

/// <summary>The command line of <c>xenvmevent reset</c>.</summary>
internal static class ResetCommand
{
    /// <summary>How the command is called.</summary>
    public const string Usage = "xenvmevent reset <domain> [--yes]";

    private static readonly Argument<string> Domain = new("domain") { Description = "The domain: its id, name or uuid." };
    private static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Do not ask, although a live listener is cut off." };
    private static readonly Option<bool> Simulate = new("--simulate") { Description = "Reset a simulated guest, web01 or db01, on a machine without Xen." };

    /// <summary>The command, to be added to the root.</summary>
    public static Command Create()
    {
        Command command = new("reset", "Frees a guest that a listener left with frozen vCPUs.") { Domain, Yes, Simulate };
        command.SetAction(parsed => new ResetRun(parsed.GetRequiredValue(Domain), parsed.GetValue(Yes), parsed.GetValue(Simulate)).Run());
        return command;
    }
}

/// <summary>Frees a guest that a listener left behind, after the user has agreed, and says what was found.</summary>
internal sealed class ResetRun(string name, bool yes, bool simulate)
{
    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        using IHypervisor hypervisor = simulate ? new SimulatedHypervisor() : Connect();
        return Reset(hypervisor, hypervisor.FindDomain(name));
    }

    private static GuardedHypervisor Connect() =>
        new(XenHypervisor.Connect(), Path.Combine(AppContext.BaseDirectory, "xenvmevent"), StandardError.Say);

    private static MonitorResetReport ResetToTheEnd(IHypervisor hypervisor, XenDomain domain)
    {
        // It takes seconds at most, and whatever is paused or stopped meanwhile must not stay so. If it is killed, its
        // guard finishes it.
        using IDisposable signals = EndingSignals.Outlive(() => { });
        return MonitorReset.Run(hypervisor, domain);
    }

    private int Reset(IHypervisor hypervisor, XenDomain domain)
    {
        if (!yes && !Confirm(hypervisor, domain)) return ExitCode.Usage;
        MonitorResetReport report = ResetToTheEnd(hypervisor, domain);
        Console.Out.WriteLine($"{domain}: its monitor was {(report.WasMonitored ? "enabled and is now disabled" : "not enabled")}.");
        if (report.PausesUndone > 0) Console.Out.WriteLine("A process that was killed had paused it; this pause is undone.");
        if (report.BreakpointsRemoved > 0) Console.Out.WriteLine($"Breakpoints taken away from its code: {report.BreakpointsRemoved}.");
        Console.Out.WriteLine($"frozen vCPUs: {Listed(report.FrozenVCpus)}; still frozen: {Listed(report.StillFrozenVCpus)}.");
        if (report.PageAccessRestored) Console.Out.WriteLine("Every page can be read, written and executed.");
        else if (report.Failures.Count == 0) Console.Out.WriteLine("This host cannot restrict pages.");
        foreach (XenException failure in report.Failures) StandardError.Say(failure);
        return report.StillFrozenVCpus.Count == 0 && report.Failures.Count == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    private static bool Confirm(IHypervisor hypervisor, XenDomain domain)
    {
        if (Console.IsInputRedirected)
        {
            StandardError.Say($"{XenErrorId.InvalidUsage}: There is no terminal to ask whether to reset {domain}. Usage: {ResetCommand.Usage}");
            return false;
        }

        using IDomainControl control = hypervisor.Control(domain);
        IReadOnlyList<string> suspects = control.ListenerSuspects;
        string alive = control.IsMonitored != false && suspects.Count > 0 ? $" A listener may be alive: {string.Join(" or ", suspects)}." : "";
        Console.Error.Write($"This disables the monitor of {domain} and cuts off its listener.{alive} Continue? [y/N] ");
        return Console.ReadLine() is { } answer && answer.Trim() is "y" or "Y" or "yes";
    }

    private static string Listed(IReadOnlyList<uint> vcpus) => vcpus.Count == 0 ? "none" : string.Join(", ", vcpus);
}
