using System.Diagnostics;
using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Simulation;

/// <summary>Simulated hosts for tests.</summary>
internal static class Hosts
{
    public const string Guest = "guest";

    /// <summary>A host with one guest that does only what it is told to.</summary>
    public static SimulatedHypervisor Idle(int vcpus = 1, SimulationOptions? options = null, int? pageTables = null) =>
        With(Workload.Idle, vcpus, 0, options, pageTables);

    /// <summary>A host with one guest and this workload.</summary>
    public static SimulatedHypervisor With(
        Workload workload, int vcpus, double roundsPerSecond = 0, SimulationOptions? options = null, int? pageTables = null) =>
        new((options ?? new SimulationOptions()) with
        {
            Domains = [new() { Id = 5, Name = Guest, VCpus = vcpus, Workload = workload, RoundsPerSecond = roundsPerSecond, PageTables = pageTables }],
        });

    public static IDomainMonitor Enable(this SimulatedHypervisor host, ChannelPreference channel) =>
        host.EnableMonitor(host[Guest].Identity, channel);

    /// <summary>Waits until something is so.</summary>
    public static void Until(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Listener.Patience) throw new TimeoutException("It never came to be so.");
            Thread.Sleep(1);
        }
    }

    /// <summary>Waits for a task, within patience.</summary>
    public static void Finish(this Task task)
    {
        if (Task.WaitAny([task], Listener.Patience) < 0) throw new TimeoutException("The guest did not get on.");
        task.GetAwaiter().GetResult();
    }

    public static XenException Refused(XenErrorId id, Action action)
    {
        XenException error = Assert.Throws<XenException>(action);
        Assert.Equal(id, error.Id);
        return error;
    }
}
