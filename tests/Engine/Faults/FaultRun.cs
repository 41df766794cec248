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
/// A session on a simulated guest, both chosen by a seed. Things go wrong at moments that the seed chooses too.
/// Afterwards nothing of it may be left in the guest, and every event must be accounted for.
/// </summary>
internal sealed class FaultRun : IDisposable
{
    private static readonly int[] BufferSizes = [1, 2, 16, 4096];
    private static readonly int[] Deadlines = [2, 20, 200, 1000];
    private static readonly Errno[] Errors = [Errno.EAGAIN, Errno.EINTR, Errno.EIO, Errno.ENOMEM];
    private static readonly ulong[] Firsts = [0x10, 0x80, 0x100, 0x108];

    private const byte DoubleFault = 8;

    private readonly Random _random;
    private readonly FaultFigures _figures;
    private readonly SimulatedHypervisor _host;
    private readonly SimulatedDomain _guest;
    private readonly TimeSpan _deadline;
    private readonly List<FaultConsumer> _consumers = [];
    private MonitorSession? _session;
    private FaultConsumer? _counts;
    private bool _wasRefused;
    private bool _isTorn;
    private bool _endedBefore;

    public FaultRun(int seed, FaultFigures figures)
    {
        _random = new Random(seed);
        _figures = figures;
        _deadline = TimeSpan.FromMilliseconds(Pick(Deadlines));
        bool isArm = Chance(6);
        _host = new SimulatedHypervisor(new SimulationOptions
        {
            Seed = seed,
            InterfaceVersion = _random.Next(isArm ? 3 : VmEventLayout.OldestVersion, VmEventLayout.NewestVersion + 1),
            Architecture = isArm ? GuestArchitecture.Arm64 : GuestArchitecture.X86,
            HasExtendedPageTables = !Chance(10),
            HasMonitorTrapFlag = !Chance(5),
            OffersAltP2m = !Chance(5),
            OffersSlottedChannel = !Chance(3),
            Domains =
            [
                new()
                {
                    Id = 5,
                    Name = Hosts.Guest,
                    VCpus = _random.Next(1, 9),
                    Pages = 600,
                    Workload = new Workload([.. Workload.Everything.Round, GuestActionKind.InterruptOnStack, GuestActionKind.SoftwareInterrupt]),
                    RoundsPerSecond = _random.Next(3) switch { 0 => 0, 1 => 100, _ => 1000 },
                },
            ],
        });
        _guest = _host.Guest();
        _guest.RanOn = (_, time) => figures.Froze(time);
    }

    private VmEventKind CountedKind => _host.Architecture == GuestArchitecture.X86 ? VmEventKind.Cpuid : VmEventKind.PrivilegedCall;

    /// <summary>Runs it, and asserts that it leaves nothing behind.</summary>
    public void Run()
    {
        if (Start() is not { } session) return;
        _session = session;
        using (session)
        {
            WatchCounted(session);
            int moments = _random.Next(1, 8);
            for (int i = 0; i < moments; i++)
            {
                Do(session);
                Thread.Sleep(_random.Next(4));
            }

            End(session);
            foreach (FaultConsumer consumer in _consumers) consumer.Join();
            AssertNothingIsLeft(session);
            AssertEveryEventIsAccountedFor(session);
        }

        _figures.Count("runs");
        _figures.Count(_guest.Faults);
        _figures.Count("events raised", _guest.VCpus.Sum(v => v.Events));
    }

    public void Dispose() => _host.Dispose();

    /// <inheritdoc/>
    public override string ToString() =>
        $"{_session?.Channel} of interface version {_host.Layout.Version}, {_guest.VCpus.Count} vCPUs; the session: {_session?.End}"
        + string.Concat(_session?.End?.TeardownFailures.Select(f => $"; {f.Message}") ?? [])
        + $"; the domain: {_guest.EndedBecause ?? "lives"}"
        + string.Concat(_guest.VCpus.Select(v => $"; vCPU {v.Id} {(v.IsPaused ? "paused" : v.IsBlocked ? "blocked" : "runs")}"));

    private MonitorSession? Start()
    {
        if (Chance(10)) Refuse();
        try
        {
            return MonitorSession.Start(_host, _guest.Identity, new MonitorOptions
            {
                Channel = Pick(Enum.GetValues<ChannelPreference>()),
                ResponseTimeout = _deadline,
                ListenerRequired = Chance(5),
            });
        }
        catch (XenException e) when (e.Id is XenErrorId.CallFailed or XenErrorId.NotSupported)
        {
            _guest.Faults.RefuseCalls(0, Errno.EIO);
            _guest.AssertFree();
            _figures.Count("runs");
            _figures.Count($"start refused: {e.Id}");
            return null;
        }
    }

    /// <summary>
    /// From the first event to the last, one that sees all of a kind: what it saw and missed is all that was raised.
    /// </summary>
    private void WatchCounted(MonitorSession session)
    {
        var watch = new EventWatch { Kinds = [CountedKind], Hold = Chance(2), BufferSize = Pick(BufferSizes) };
        Try(() => _consumers.Add(_counts = new FaultConsumer(session, session.Watch(watch), _random, _figures)));
    }

    /// <summary>Something that a user does, or that goes wrong.</summary>
    private void Do(MonitorSession session)
    {
        switch (_random.Next(14))
        {
            case 0: _guest.Faults.SpuriousSignals = _random.Next(1, 100); break;
            case 1: _guest.Faults.InterruptedWaits = _random.Next(1, 100); break;
            case 2: _guest.Faults.MissingSignals = _random.Next(1, 3); break;
            case 3: _guest.Faults.SignalDelay = TimeSpan.FromMilliseconds(_random.Next(3)); break;
            case 4: Refuse(); break;
            case 5:
                Try(() =>
                {
                    MemoryView view = session.CreateView(Chance(3) ? MemAccess.RX : MemAccess.Default);
                    if (Chance(2)) session.SwitchToView(view.View);
                });
                break;
            case 6:
                Try(() => session.SetMemAccess(
                    new FaultyList<MemAccessRange>([new(Range(), MemAccess.R), new(Range(), MemAccess.RX)], fails: Chance(4))));
                break;
            case 7: Try(() => session.SetDefaultResponse(VmEventKind.MovToMsr, VmEventResponse.Deny)); break;
            case 8: session.GetStatistics(); break;
            default: Watch(session); break;
        }
    }

    private void Watch(MonitorSession session)
    {
        Try(() => _consumers.Add(new FaultConsumer(session, session.Watch(ChooseWatch(session)), _random, _figures)));
    }

    private EventWatch ChooseWatch(MonitorSession session)
    {
        VmEventKind[] possible =
        [
            .. Enum.GetValues<VmEventKind>().Where(k =>
                k is not (VmEventKind.MemSharing or VmEventKind.MemPaging)
                && (session.Capabilities & EventSwitch.CapabilityFor(k)) == EventSwitch.CapabilityFor(k)),
        ];
        var kinds = new HashSet<VmEventKind>();
        int count = _random.Next(1, 6);
        while (kinds.Count < Math.Min(count, possible.Length)) kinds.Add(Pick(possible));
        bool hold = Chance(2);
        return new EventWatch
        {
            Kinds = kinds,
            Hold = hold,
            Async = !hold && Chance(3),
            BufferSize = Pick(BufferSizes),
            Msrs = [Msr.Lstar, Msr.SysenterEip],
            OnChangeOnly = Chance(3),
            AllowUserspace = Chance(2),
            SteppedVCpus = kinds.Contains(VmEventKind.SingleStep) && Chance(2) ? [0] : [],
            Pages = !kinds.Contains(VmEventKind.MemAccess) ? null : new PageWatch
            {
                Access = (PageAccess)_random.Next(8),
                Ranges = new FaultyList<GfnRange>([.. Enumerable.Range(0, _random.Next(3)).Select(_ => Range())], fails: Chance(20)),
                Repeat = Chance(3),
                View = (ushort)(Chance(4) ? 1 : 0),
            },
        };
    }

    private void End(MonitorSession session)
    {
        _endedBefore = session.End is not null;
        if (_endedBefore) _figures.Count("ended before its end");
        switch (_random.Next(6))
        {
            case 0:
                _figures.Count("end: destroyed");
                _guest.Destroy();
                break;
            case 1:
                _figures.Count("end: destroyed in an event");
                _guest.Faults.DestroyAtEvent = _random.Next(1, 30);
                break;
            case 2:
                _figures.Count("end: corrupt channel");
                _isTorn = true;
                _guest.Faults.TearAtEvent = _random.Next(1, 30);
                break;
            case 3:
                _figures.Count("end: calls refused");
                Refuse();
                break;
            case 4:
                _figures.Count("end: stopped twice at once");
                Task other = Task.Run(session.Stop);
                session.Stop();
                other.Finish();
                break;
            default:
                _figures.Count("end: stopped");
                break;
        }

        Thread.Sleep(_random.Next(4));
        session.Stop();
        _figures.Count($"ended: {session.End!.Reason}");
    }

    private void Refuse() => _guest.Faults.RefuseCalls(_random.Next(1, 4), Pick(Errors));

    private void AssertNothingIsLeft(MonitorSession session)
    {
        SessionEnd end = session.End!;
        Assert.Null(_host.Crash);
        Assert.All(_guest.VCpus, vcpu => Assert.Equal(0, vcpu.GetExceptions(DoubleFault)));
        Assert.NotEqual(XenErrorId.Unexpected, end.Failure?.Id);
        Assert.DoesNotContain(end.TeardownFailures, f => f.Id == XenErrorId.Unexpected);
        foreach (FaultConsumer consumer in _consumers)
        {
            if (consumer.Failure is { } failure) throw new InvalidOperationException("A consumer failed.", failure);
            Assert.True(consumer.HasLeft || consumer.Subscription.IsCompleted);
            Assert.DoesNotContain(consumer.Kept, e => e.ResponseState == ResponseState.Held);
        }

        if (!_guest.IsAlive)
        {
            // A refused call or a torn channel may have ended it just before.
            bool endedByItself = _endedBefore || end.Failure is { Id: XenErrorId.CallFailed or XenErrorId.CorruptChannel };
            if (end.Reason != SessionEndReason.DomainEnded && !endedByItself) Assert.Fail($"The session says that {end}, but {_guest.EndedBecause}.");
            return;
        }

        _guest.Faults.RefuseCalls(0, Errno.EIO);
        Assert.False(_guest.IsMonitored);
        foreach (SimulatedVCpu vcpu in _guest.VCpus) vcpu.RunAsync(GuestAction.Cpuid(0), GuestAction.WritePage(0x200, 0, 1)).Finish();
        Assert.DoesNotContain(_guest.VCpus, v => v.IsPaused || v.IsBlocked);

        // What Xen refuses again and again cannot be given back, but it is reported.
        if (end.TeardownFailures.Count > 0)
        {
            _figures.Count("teardown: with failures");
            return;
        }

        _guest.AssertAllPagesFree();
        Assert.False(_guest.Pages.ListenerRequired);
        Assert.False(_guest.HasViews);
        Assert.DoesNotContain(_guest.VCpus, v => v.IsSingleStepping || v.View != 0);
    }

    private void AssertEveryEventIsAccountedFor(MonitorSession session)
    {
        MonitorStatistics statistics = session.GetStatistics();
        foreach (FaultConsumer consumer in _consumers) Assert.Equal(consumer.Subscription.Delivered, consumer.Taken);
        Assert.True(statistics.Answered <= statistics.Events);
        if (_isTorn) return;
        Assert.Equal(_guest.VCpus.Sum(v => v.Events), statistics.Events + statistics.Overwritten);
        if (_counts is { HasLeft: false, Subscription: { } all })
        {
            Assert.Equal(_guest.VCpus.Sum(v => v.GetEvents(CountedKind)), all.Delivered + all.Dropped);
            _figures.Count("events counted: seen", all.Delivered);
            _figures.Count("events counted: dropped", all.Dropped);
        }

        if (!_wasRefused) Assert.Equal(_consumers.Sum(c => c.Subscription.Dropped), statistics.Dropped);
        if (session.End is { Reason: SessionEndReason.Stopped, TeardownFailures.Count: 0 }) Assert.Equal(statistics.Events, statistics.Answered);
    }

    private void Try(Action action)
    {
        try
        {
            action();
        }
        catch (XenException e) when (e.Id != XenErrorId.Unexpected)
        {
            _wasRefused = true;
            _figures.Count($"refused: {e.Id}");
        }
        catch (FaultyListException)
        {
            _figures.Count("fault: list that throws");
        }
    }

    private GfnRange Range()
    {
        ulong first = Pick(Firsts);
        return new GfnRange(first, first + (ulong)_random.Next(0x20));
    }

    private bool Chance(int oneIn) => _random.Next(oneIn) == 0;

    private T Pick<T>(T[] from) => from[_random.Next(from.Length)];
}
