using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Xen;
using XenVmEvent.Recovery;
using XenVmEvent.Simulation;

namespace XenVmEvent.Cli;

/// <summary>Connects to the host that the command line means.</summary>
internal static class Hosts
{
    /// <param name="simulate">A simulated host.</param>
    /// <param name="trace">A recording that its guests replay; null: they do something of everything.</param>
    /// <param name="fast">Replay as fast as events are answered.</param>
    /// <param name="noGuard">On a real host, start no second process that frees guests.</param>
    public static IHypervisor Connect(bool simulate, string? trace, bool fast, bool noGuard)
    {
        if (simulate) return new SimulatedHypervisor(trace is not null ? RecordedHost.Open(trace, fast) : new SimulationOptions());
        IHypervisor xen = XenHypervisor.Connect();
        return noGuard ? xen : new GuardedHypervisor(xen, Path.Combine(AppContext.BaseDirectory, "xenvmevent"), StandardError.Say);
    }
}
