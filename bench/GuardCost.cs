using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Recovery;
using XenVmEvent.Simulation;

namespace XenVmEvent.Bench;

/// <summary>
/// The same session with and without a guard, in turns. The median run of each counts. The guard is the real process,
/// <c>xenvmevent guard</c>. The ring that it would hold is in another process here, so it is told that it comes late.
/// </summary>
internal static class GuardCost
{
    private const int Turns = 5;

    private static readonly TimeSpan Time = TimeSpan.FromSeconds(2);

    /// <summary>By then the guard has started. Its start is not a cost of events.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(1.5);

    public static string NameOf(int vcpus) => $"{SideBySide.CountOf(vcpus)}: events with the guard by events without";

    public static void Measure(Results results)
    {
        string program = Path.GetTempFileName();
        File.WriteAllText(program, $"#!/bin/sh\nexport LD_LIBRARY_PATH='{Built.Libraries}'\nexec '{Built.Command}' \"$@\" --late\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            foreach (int vcpus in (int[])[1, 4]) Measure(results, vcpus, program);
        }
        finally
        {
            File.Delete(program);
        }
    }

    private static void Measure(Results results, int vcpus, string program)
    {
        List<double> without = [];
        List<double> with = [];
        for (int turn = 0; turn < Turns; turn++)
        {
            without.Add(Rate(vcpus, null));
            with.Add(Rate(vcpus, program));
        }

        results.Add($"{SideBySide.CountOf(vcpus)}, in process, ring, no guard: events", Median(without), "1/s");
        results.Add($"{SideBySide.CountOf(vcpus)}, in process, ring, guarded: events", Median(with), "1/s");
        results.Add(NameOf(vcpus), Median(with) / Median(without), "");
    }

    private static double Rate(int vcpus, string? guard)
    {
        SimulatedHypervisor host = new(new SimulationOptions
        {
            Domains = [new() { Id = 1, Name = "guest", VCpus = vcpus, Workload = new Workload(GuestActionKind.Cpuid), RoundsPerSecond = 0 }],
        });
        using IHypervisor guarded = guard is null ? host : new GuardedHypervisor(host, guard, Console.Error.WriteLine);
        using MonitorSession session = MonitorSession.Start(guarded, host.Domains[0].Identity, new MonitorOptions { Channel = ChannelPreference.Ring });
        using EventSubscription subscription = session.Watch(new EventWatch { Kinds = [VmEventKind.Cpuid] });
        Engine.Consume(subscription, Settled);
        return Flow.Measure(Time, () => subscription.Delivered, time => Engine.Consume(subscription, time)).PerSecond;
    }

    private static double Median(List<double> rates) => rates.Order().ElementAt(rates.Count / 2);
}
