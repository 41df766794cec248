using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Xen;
using XenVmEvent.Recovery;

namespace XenVmEvent.Cli;

/// <summary>Is the guard of the process that has started it, which lives for as long as standard input is open.</summary>
internal sealed class GuardRun(uint id, Guid uuid, string state, bool late)
{
    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        // What ends the listener, Ctrl-C in its terminal for one, must not end its guard.
        using IDisposable signals = EndingSignals.Outlive(() => { });
        try
        {
            Guard.Detach();
            using IHypervisor hypervisor = XenHypervisor.Connect();
            IReadOnlyList<XenException> failures = Guard.Run(hypervisor, hypervisor.FindDomain(id, uuid), late, state, Console.In, Console.Out);
            foreach (XenException failure in failures) Say(failure);
            return failures.Count == 0 ? ExitCode.Success : ExitCode.Failure;
        }
        catch (XenException e)
        {
            Say(e);
            return ExitCode.Failure;
        }
    }

    private static void Say(XenException e) => StandardError.Write($"{e.Id}: {e.Message} {e.Remedy}");
}
