using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Soak;

/// <summary>One session, used as its random numbers decide, and what must hold after it.</summary>
internal sealed class SoakRound(IHypervisor host, XenDomain guest, Random random)
{
    private const int LongestMilliseconds = 1500;
    private const int WatchesAtMost = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Far longer than a busy machine keeps a thread waiting.</summary>
    private static readonly TimeSpan Observation = TimeSpan.FromSeconds(5);

    private static readonly VmEventKind[] Kinds =
        [VmEventKind.Cpuid, VmEventKind.WriteControlRegister, VmEventKind.MovToMsr, VmEventKind.SoftwareBreakpoint, VmEventKind.DescriptorAccess, VmEventKind.GuestRequest];

    /// <exception cref="InvalidOperationException">Something does not hold.</exception>
    public void Run(Totals totals)
    {
        MonitorOptions options = new() { ResponseTimeout = TimeSpan.FromMilliseconds(random.Next(20, 1000)) };
        using MonitorSession session = MonitorSession.Start(host, guest, options);
        List<Task> consumers = [];
        for (int i = random.Next(1, WatchesAtMost + 1); i > 0; i--)
        {
            EventSubscription subscription = session.Watch(RandomWatch());
            ConsumerManner manner = (ConsumerManner)random.Next(Enum.GetValues<ConsumerManner>().Length);
            consumers.Add(Task.Factory.StartNew(() => Consume(session, subscription, manner), TaskCreationOptions.LongRunning));
        }

        Thread.Sleep(random.Next(LongestMilliseconds));
        SessionEnd end = session.Stop();
        if (!Task.WaitAll([.. consumers], Patience)) throw new InvalidOperationException("a consumer was not told of the end");
        totals.Add(session.GetStatistics());
        if (end.Reason != SessionEndReason.Stopped || end.TeardownFailures.Count > 0)
        {
            throw new InvalidOperationException($"it ended with {end}; {string.Join("; ", end.TeardownFailures.Select(f => f.Message))}");
        }

        using IDomainControl control = host.Control(guest);
        if (control.IsMonitored == true) throw new InvalidOperationException("the monitor is still enabled");
        IReadOnlyList<uint> frozen = VCpuObservation.FindFrozen(control, guest.VCpus, Observation);
        if (frozen.Count > 0) throw new InvalidOperationException($"vCPUs are frozen: {string.Join(", ", frozen)}");
    }

    private EventWatch RandomWatch()
    {
        int buffer = 1 << random.Next(12);
        bool hold = random.Next(3) == 0;
        return random.Next(3) == 0
            ? new EventWatch
            {
                Kinds = [VmEventKind.MemAccess],
                Pages = new PageWatch { Access = (PageAccess)random.Next(1, 8), Repeat = random.Next(2) == 0 },
                BufferSize = buffer,
                Hold = hold,
            }
            : new EventWatch
            {
                Kinds = [.. random.GetItems(Kinds, random.Next(1, Kinds.Length)).Distinct()],
                Msrs = [0xc0000082],
                BufferSize = buffer,
                Hold = hold,
            };
    }

    private static void Consume(MonitorSession session, EventSubscription subscription, ConsumerManner manner)
    {
        using EventSubscription own = subscription;
        while (!subscription.IsCompleted)
        {
            if (manner == ConsumerManner.Asleep)
            {
                Thread.Sleep(1);
                if (session.End is not null) return;
                continue;
            }

            if (subscription.Take(Patience) is not { } taken) continue;
            if (manner == ConsumerManner.Answering) session.Release(taken);
            if (manner == ConsumerManner.Slow) Thread.Sleep(5);
        }
    }
}
