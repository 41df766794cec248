using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;

namespace XenVmEvent.Bench;

/// <summary>
/// Sessions in this process on a simulated guest whose vCPUs do one thing as fast as they are answered.
/// </summary>
internal static class Engine
{
    public const string ObjectsPerDelivered = "objects for a delivered event";
    public const string BytesPerUnwanted = "bytes for an event nobody wants";
    public const string MemoryGrowth = "growth of memory over 10 million events";

    private const long Megabyte = 1 << 20;
    private const long ManyEvents = 10_000_000;

    private static readonly TimeSpan Time = TimeSpan.FromSeconds(2);

    private static readonly EventWatch EveryCpuid = new() { Kinds = [VmEventKind.Cpuid] };

    /// <summary>
    /// The guest writes pages. Pages restricted for reads are restricted for writes too, and nobody asked for those.
    /// </summary>
    private static readonly EventWatch Reads = new()
    {
        Kinds = [VmEventKind.MemAccess],
        Pages = new PageWatch { Access = PageAccess.Read, Repeat = true },
    };

    public static void Measure(Results results)
    {
        foreach (int vcpus in SideBySide.VCpus)
        {
            foreach (ChannelPreference channel in (ChannelPreference[])[ChannelPreference.Ring, ChannelPreference.Slotted])
            {
                results.Add(NameOf(channel, vcpus), MeasureCpuid(vcpus, channel).PerSecond, "1/s");
            }
        }

        Flow delivered = MeasureCpuid(1, ChannelPreference.Ring);
        results.Add("bytes for a delivered event", delivered.BytesPerEvent, "bytes");
        results.Add(ObjectsPerDelivered, Math.Round(delivered.BytesPerEvent / EventSteps.MeasureBytes(), 1), "objects");
        Flow unwanted = Run(1, ChannelPreference.Ring, GuestActionKind.WritePage, Reads, (_, guest) =>
            Flow.Measure(Time, () => guest.VCpus[0].Events, Thread.Sleep));
        results.Add(BytesPerUnwanted, unwanted.BytesPerEvent, "bytes");
    }

    public static string NameOf(ChannelPreference channel, int vcpus) =>
        $"in process, {channel.ToString().ToLowerInvariant()}, {SideBySide.CountOf(vcpus)}: events";

    /// <summary>CPUID events that are taken and counted.</summary>
    public static Flow MeasureCpuid(int vcpus, ChannelPreference channel) =>
        Run(vcpus, channel, GuestActionKind.Cpuid, EveryCpuid, (subscription, _) =>
            Flow.Measure(Time, () => subscription.Delivered, time => Consume(subscription, time)));

    public static void MeasureMemory(Results results)
    {
        // The buffer is small, because the events that wait in it must not count as growth.
        long growth = Run(2, ChannelPreference.Ring, GuestActionKind.Cpuid, EveryCpuid with { BufferSize = 64 }, (subscription, _) =>
        {
            ConsumeUntil(subscription, ManyEvents / 10);
            long before = GC.GetTotalMemory(forceFullCollection: true);
            ConsumeUntil(subscription, ManyEvents + ManyEvents / 10);
            return GC.GetTotalMemory(forceFullCollection: true) - before;
        });
        results.Add(MemoryGrowth, (double)growth / Megabyte, "MB");
        results.Add("resident memory after them", (double)Environment.WorkingSet / Megabyte, "MB");
    }

    private static T Run<T>(
        int vcpus, ChannelPreference channel, GuestActionKind workload, EventWatch watch, Func<EventSubscription, SimulatedDomain, T> measure)
    {
        using SimulatedHypervisor host = new(new SimulationOptions
        {
            // There are few pages, so that all the guest's memory exists before the measurement.
            Domains = [new() { Id = 1, Name = "guest", VCpus = vcpus, Pages = SimulatedDomainOptions.FewestPages, Workload = new Workload(workload), RoundsPerSecond = 0 }],
        });
        SimulatedDomain guest = host.Domains[0];
        using MonitorSession session = MonitorSession.Start(host, guest.Identity, new MonitorOptions { Channel = channel });
        using EventSubscription subscription = session.Watch(watch);
        return measure(subscription, guest);
    }

    /// <summary>Takes all events for a time.</summary>
    public static void Consume(EventSubscription subscription, TimeSpan time)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < time)
        {
            _ = subscription.Take(time);
            while (subscription.TryTake(out _))
            {
                // The subscription counts them.
            }
        }
    }

    private static void ConsumeUntil(EventSubscription subscription, long delivered)
    {
        while (subscription.Delivered < delivered) _ = subscription.Take(Timeout.InfiniteTimeSpan);
    }
}
