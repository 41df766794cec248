using System.Collections.Concurrent;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Monitoring;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Faults;

/// <summary>
/// Many guests that start, reboot, shut down and are destroyed at moments that a seed chooses, while they are followed.
/// Afterwards every event that was raised was seen, none of them is frozen, and nothing is left open.
/// </summary>
internal sealed class FollowRun : IDisposable
{
    private const int Guests = 200;
    private const int Toolstacks = 4;

    private readonly int _seed;
    private readonly FaultFigures _figures;
    private readonly SimulatedHypervisor _host;
    private readonly GatheredEvents _events = new();
    private readonly ConcurrentDictionary<uint, long> _seen = new();
    private readonly ConcurrentDictionary<uint, long> _lost = new();
    private readonly ConcurrentQueue<MonitorSession> _sessions = new();
    private readonly ConcurrentBag<uint> _early = [];
    private volatile bool _isOver;

    public FollowRun(int seed, FaultFigures figures)
    {
        _seed = seed;
        _figures = figures;
        _host = new SimulatedHypervisor(new SimulationOptions { Seed = seed, Domains = [] });
    }

    public void Run()
    {
        int descriptors = OpenDescriptors();
        Thread consumer = new(Consume);
        consumer.Start();
        using (DomainFollower follower = new(_host, d => d.Name.StartsWith("web", StringComparison.Ordinal), Begin, Notice))
        {
            Thread[] toolstacks = [.. Enumerable.Range(0, Toolstacks).Select(i => new Thread(() => Act(i)))];
            foreach (Thread toolstack in toolstacks) toolstack.Start();
            foreach (Thread toolstack in toolstacks) toolstack.Join();

            // All that live are watched in the end.
            Hosts.Until(() => Living().All(d => d.IsMonitored == d.Name.StartsWith("web", StringComparison.Ordinal)));
        }

        foreach (MonitorSession session in _sessions) session.Stop();
        _isOver = true;
        _events.Wake();
        consumer.Join();
        AssertAllSeen();
        foreach (SimulatedDomain guest in Living()) guest.AssertFree();
        Assert.All(_host.Domains, guest => Assert.InRange(guest.Pauses, 0, 1)); // Only its toolstack's own may be left.
        _events.Dispose();
        Assert.Null(_host.Crash);
        Assert.InRange(OpenDescriptors(), 0, descriptors); // Tests that ran before may leave some to the collector.
        _figures.Count("runs");
        _figures.Count("domains", _host.Domains.Count);
        _figures.Count("events seen", _seen.Values.Sum());
    }

    public void Dispose() => _host.Dispose();

    /// <summary>Without the runtime's own assemblies, which it opens when it first needs them.</summary>
    private static int OpenDescriptors() => Directory.GetFiles("/proc/self/fd")
        .Count(file => new FileInfo(file).LinkTarget is { } target && !target.EndsWith(".dll", StringComparison.Ordinal));

    private IEnumerable<SimulatedDomain> Living() => _host.Domains.Where(d => d is { IsAlive: true, State: DomainState.Running });

    private void Notice(FollowNews news)
    {
        _figures.Count($"told: {news.Step}");
        if (!news.IsFromFirstInstruction) return;
        _figures.Count("watched from the first instruction");
        _early.Add(news.Domain!.Id);
    }

    private MonitorSession Begin(XenDomain domain)
    {
        MonitorSession session = MonitorSession.Start(_host, domain);
        _sessions.Enqueue(session);
        _events.Watch(session, Watches.For(VmEventKind.Cpuid));
        return session;
    }

    /// <summary>A toolstack with its share of the guests.</summary>
    private void Act(int which)
    {
        Random random = new(unchecked(_seed * Toolstacks + which));
        for (int i = which; i < Guests; i += Toolstacks)
        {
            SimulatedDomain guest = _host.Create(Options(random, i), isIntroduced: random.Next(4) != 0);
            Thread.Sleep(random.Next(3));
            guest.Introduce();
            Thread.Sleep(random.Next(10));
            guest.Start();
            string name = $"{(random.Next(8) == 0 ? "db" : "web")}{random.Next(i / Toolstacks + 1) * Toolstacks + which:d3}";
            SimulatedDomain? chosen = Living().LastOrDefault(d => d.Name == name);
            switch (random.Next(5))
            {
                case 0:
                    chosen?.Destroy();
                    break;
                case 1:
                    chosen?.ShutDown(DomainState.ShutDown);
                    break;
                default:
                    if (chosen is not null) _host.Reboot(name).Start();
                    break;
            }
        }
    }

    private static SimulatedDomainOptions Options(Random random, int number) => new()
    {
        Id = 1,
        Name = $"{(random.Next(8) == 0 ? "db" : "web")}{number:d3}",
        VCpus = random.Next(1, 3),
        Pages = SimulatedDomainOptions.FewestPages,
        Workload = new Workload(GuestActionKind.Cpuid),
        RoundsPerSecond = 20,
        StartsPaused = true,
    };

    private void Consume()
    {
        while (true)
        {
            bool isLast = _isOver;
            while (_events.TryTake(out VmEvent? vmEvent, out _)) _seen.AddOrUpdate(vmEvent.DomainId, 1, (_, count) => count + 1);
            foreach (GatheredSession ended in _events.RemoveEnded()) _lost[ended.Session.Domain.Id] = ended.Subscription.Dropped;
            if (isLast) return;
            _events.Wait(Listener.Patience, CancellationToken.None);
        }
    }

    private void AssertAllSeen()
    {
        foreach (SimulatedDomain guest in _host.Domains)
        {
            long raised = guest.VCpus.Sum(v => v.GetEvents(VmEventKind.Cpuid));
            long lost = _lost.GetValueOrDefault(guest.Identity.Id);
            Assert.Equal((guest.Identity, raised), (guest.Identity, _seen.GetValueOrDefault(guest.Identity.Id) + lost));
            _figures.Count("events lost", lost);

            // One that has ended was watched until then. A vCPU may just have been in a round.
            if (!guest.IsAlive && _early.Contains(guest.Identity.Id)) Assert.InRange(guest.VCpus.Sum(v => v.Rounds) - raised, long.MinValue, guest.VCpus.Count);
        }

        Assert.Empty(_events.Sessions);
    }
}
