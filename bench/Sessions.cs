using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;

namespace XenVmEvent.Bench;

/// <summary>
/// A thousand sessions in this process, on a thousand idle simulated guests, with thousands of watched pages in each.
/// </summary>
internal static class Sessions
{
    public const string Memory = "memory of a session, one of 1,000";
    public const string Threads = "threads of a session, one of 1,000";
    public const string Start = "time to start a session, one of 1,000";
    public const string Idle = "processor time per second of an idle session, one of 1,000";

    private const int Count = 1000;
    private const int WatchedPages = 10_000;
    private const double Kibibyte = 1 << 10;

    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(10);

    public static void Measure(Results results)
    {
        using SimulatedHypervisor host = new(new SimulationOptions
        {
            Domains =
            [
                .. Enumerable.Range(1, Count).Select(id => new SimulatedDomainOptions
                {
                    Id = (uint)id, Name = $"guest{id}", VCpus = 1, Pages = WatchedPages, Workload = Workload.Idle,
                }),
            ],
        });

        // The guests' own threads and memory already exist, so they are not counted.
        foreach (SimulatedDomain guest in host.Domains)
        {
            using IDomainMonitor monitor = host.EnableMonitor(guest.Identity, ChannelPreference.Ring);
            monitor.Disable();
        }

        EventWatch watch = new()
        {
            Kinds = [VmEventKind.MemAccess],
            Pages = new PageWatch { Access = PageAccess.Write, Ranges = [new GfnRange(0, WatchedPages - 1)] },
        };
        using Process own = Process.GetCurrentProcess();
        long memory = GC.GetTotalMemory(forceFullCollection: true);
        int threads = CountThreads(own);
        long begin = Stopwatch.GetTimestamp();
        List<MonitorSession> sessions = [];
        List<EventSubscription> subscriptions = [];
        foreach (SimulatedDomain guest in host.Domains) sessions.Add(MonitorSession.Start(host, guest.Identity, new MonitorOptions { Channel = ChannelPreference.Ring }));
        results.Add(Start, Stopwatch.GetElapsedTime(begin).TotalMilliseconds / Count, "ms");
        begin = Stopwatch.GetTimestamp();
        foreach (MonitorSession session in sessions) subscriptions.Add(session.Watch(watch));
        results.Add("time to watch 10,000 pages in one", Stopwatch.GetElapsedTime(begin).TotalMilliseconds / Count, "ms");
        results.Add(Memory, (GC.GetTotalMemory(forceFullCollection: true) - memory) / Kibibyte / Count, "KiB");
        results.Add(Threads, (double)(CountThreads(own) - threads) / Count, "threads");
        results.Add(Idle, MeasureIdle(own), "µs");
        begin = Stopwatch.GetTimestamp();
        foreach (EventSubscription subscription in subscriptions) subscription.Dispose();
        foreach (MonitorSession session in sessions) session.Dispose();
        results.Add("time to end a session, one of 1,000", Stopwatch.GetElapsedTime(begin).TotalMilliseconds / Count, "ms");
    }

    private static int CountThreads(Process own)
    {
        own.Refresh();
        return own.Threads.Count;
    }

    private static double MeasureIdle(Process own)
    {
        own.Refresh();
        TimeSpan before = own.TotalProcessorTime;
        Thread.Sleep(IdleTime);
        own.Refresh();
        return (own.TotalProcessorTime - before).TotalMicroseconds / IdleTime.TotalSeconds / Count;
    }
}
