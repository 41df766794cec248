using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;

namespace XenVmEvent.Bench;

/// <summary>
/// A simulated guest of 64 GiB: how much memory describes its pages, and how long a vCPU waits while all pages get
/// permissions.
/// </summary>
internal static class LargeGuest
{
    public const string Memory = "memory for all pages of 64 GiB, each seen by a watch and given permissions in a view";
    public const string Wait = "longest wait of a vCPU while a view of 64 GiB is made and its pages get permissions";

    private const int Pages = 1 << 24;
    private const double Mebibyte = 1 << 20;

    public static void Measure(Results results)
    {
        results.Add(Wait, MeasureWait().TotalMilliseconds, "ms");
        results.Add(Memory, MeasureMemory() / Mebibyte, "MiB");
    }

    private static TimeSpan MeasureWait()
    {
        using SimulatedHypervisor host = Host(new Workload(GuestActionKind.Cpuid));
        SimulatedDomain guest = host.Domains[0];
        long longest = 0;
        guest.RanOn = (_, time) => longest = Math.Max(longest, time.Ticks);
        using MonitorSession session = MonitorSession.Start(host, guest.Identity);
        using EventSubscription subscription = session.Watch(new EventWatch { Kinds = [VmEventKind.Cpuid] });
        Task consuming = Task.Run(() =>
        {
            while (!subscription.IsCompleted) _ = subscription.Take(Timeout.InfiniteTimeSpan);
        });
        Thread.Sleep(100);
        Volatile.Write(ref longest, 0);
        session.CreateView(MemAccess.RX);
        long seen = Volatile.Read(ref longest);
        session.Stop();
        consuming.Wait();
        return TimeSpan.FromTicks(seen);
    }

    private static long MeasureMemory()
    {
        using SimulatedHypervisor host = Host(Workload.Idle);
        using IDomainMonitor monitor = host.EnableMonitor(host.Domains[0].Identity, ChannelPreference.Ring);
        monitor.AltP2m.IsActive = true;
        ushort view = monitor.AltP2m.CreateView(MemAccess.Default);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        ViewPermissions permissions = new(monitor);
        ViewPermissions inView = new(monitor, view, permissions);
        Do(inView.Set([new MemAccessRange(new GfnRange(0, Pages - 1), MemAccess.RX)]));
        EventWatch watch = new() { Kinds = [VmEventKind.MemAccess], Pages = new PageWatch { Access = PageAccess.Write } };
        Do(permissions.Add(watch.Pages, new EventFilter(watch, host.Architecture)));
        byte[] request = new byte[host.Layout.Size];
        ResponseWriter writer = new(request, host.Layout);
        writer.Set(VmEventField.MemAccessFlags, (ulong)MemAccessFlags.Write);
        for (ulong gfn = 0; gfn < Pages; gfn++)
        {
            writer.Set(VmEventField.MemAccessGfn, gfn);
            permissions.Release(new RequestReader(request, host.Layout));
        }

        long taken = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(permissions);
        GC.KeepAlive(inView);
        monitor.Disable();
        return taken;
    }

    private static void Do(IEnumerable<int> steps)
    {
        foreach (int _ in steps)
        {
        }
    }

    private static SimulatedHypervisor Host(Workload workload) => new(new SimulationOptions
    {
        Domains =
        [
            new()
            {
                Id = 1, Name = "guest", VCpus = 1, Pages = Pages, Workload = workload, RoundsPerSecond = 1000, AltP2m = AltP2mMode.External,
            },
        ],
    });
}
