using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Abi;
using XenVmEvent.Tests.Monitoring;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Faults;

/// <summary>
/// A session on a simulated guest in whose channel somebody else writes, once or all the time. Afterwards nothing of it
/// may be left in the guest.
/// </summary>
internal sealed class HostileRun : IDisposable
{
    private const int Burst = 50;

    private static readonly int[] VCpuCounts = [1, 4, 12];
    private static readonly int[] BufferSizes = [1, 16, 4096];
    private static readonly int[] Deadlines = [20, 1000];

    private readonly Random _random;
    private readonly int _seed;
    private readonly FaultFigures _figures;
    private readonly SimulatedHypervisor _host;
    private readonly SimulatedDomain _guest;
    private readonly ChannelPreference _channel;
    private SessionEnd? _end;

    public HostileRun(int seed, FaultFigures figures)
    {
        _random = new Random(seed);
        _seed = seed;
        _figures = figures;
        _channel = _random.Next(2) == 0 ? ChannelPreference.Ring : ChannelPreference.Slotted;
        _host = Hosts.With(Workload.Everything, Pick(VCpuCounts), roundsPerSecond: 500, options: new SimulationOptions
        {
            Seed = seed,
            InterfaceVersion = _channel == ChannelPreference.Slotted ? 4 : _random.Next(VmEventLayout.OldestVersion, VmEventLayout.NewestVersion + 1),
            OffersSlottedChannel = _channel == ChannelPreference.Slotted,
        });
        _guest = _host.Guest();
    }

    /// <summary>Runs it, and asserts that it leaves nothing behind.</summary>
    public void Run()
    {
        List<FaultConsumer> consumers = [];
        using MonitorSession session = _host.Session(_channel, TimeSpan.FromMilliseconds(Pick(Deadlines)));
        foreach (bool hold in (ReadOnlySpan<bool>)[true, false])
        {
            EventWatch watch = Watches.Everything with { Hold = hold, BufferSize = Pick(BufferSizes) };
            consumers.Add(new FaultConsumer(session, session.Watch(watch), _random, _figures));
        }

        Thread.Sleep(_random.Next(3));
        WriteWhile(() =>
        {
            Thread.Sleep(_random.Next(5));
            Task.Run(session.Stop).Finish();
        });
        _end = session.Stop();
        foreach (FaultConsumer consumer in consumers) consumer.Join();
        AssertNothingIsLeft(consumers);
        _figures.Count("runs");
        _figures.Count($"ended: {_end.Reason} {_end.Failure?.Id}");
        _figures.Count("events seen", session.GetStatistics().Events);
    }

    public void Dispose() => _host.Dispose();

    /// <inheritdoc/>
    public override string ToString() =>
        $"{_channel} of interface version {_host.Layout.Version}, {_guest.VCpus.Count} vCPUs; the session: {_end}"
        + string.Concat(_end?.TeardownFailures.Select(f => $"; {f}") ?? [])
        + $"; the domain: {_guest.EndedBecause ?? "lives"}"
        + string.Concat(_guest.VCpus.Select(v => $"; vCPU {v.Id} {(v.IsPaused ? "paused" : v.IsBlocked ? "blocked" : "runs")}"));

    /// <summary>Writes a few things, or writes anything all the time while something is done.</summary>
    private void WriteWhile(Action action)
    {
        if (_guest.Delivery is not { } delivery)
        {
            action();
            return;
        }

        using SharedMemory ring = delivery.MapRing();
        using SharedMemory? slots = (delivery as SlottedDelivery)?.MapSlots();
        var writer = new HostileWriter(new Random(~_seed), _host.Layout, _guest.VCpus.Count) { InventsRequests = slots is not null };
        int left = _random.Next(3) switch { 0 => 1, 1 => _random.Next(2, 20), _ => int.MaxValue };
        bool over = false;
        long written = 0;
        var writing = Task.Factory.StartNew(
            () =>
            {
                for (; written < left && !Volatile.Read(ref over); written++)
                {
                    if (slots is not null && written % 2 == 0) writer.ChangeSlots(slots);
                    else writer.ChangeRing(ring);
                    if (written % Burst == Burst - 1) Thread.Sleep(1); // The others need the processor too.
                }
            },
            TaskCreationOptions.LongRunning);
        try
        {
            action();
        }
        finally
        {
            Volatile.Write(ref over, true);
            writing.Finish();
            _figures.Count("hostile writes", written);
        }
    }

    private void AssertNothingIsLeft(List<FaultConsumer> consumers)
    {
        Assert.Null(_host.Crash);
        Assert.NotEqual(XenErrorId.Unexpected, _end!.Failure?.Id);
        Assert.DoesNotContain(_end.TeardownFailures, f => f.Id == XenErrorId.Unexpected);
        foreach (FaultConsumer consumer in consumers)
        {
            if (consumer.Failure is { } failure) throw new InvalidOperationException("A consumer failed.", failure);
            Assert.DoesNotContain(consumer.Kept, e => e.ResponseState == ResponseState.Held);
        }

        if (_guest.IsAlive) _guest.AssertFree();
        else _figures.Count($"the domain ended: {_guest.EndedBecause}");
    }

    private T Pick<T>(T[] from) => from[_random.Next(from.Length)];
}
