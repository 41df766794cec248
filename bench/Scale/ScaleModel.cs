namespace XenVmEvent.Bench;

/// <summary>
/// A guest and its listener as a discrete simulation. The pump has a processor of its own and always looks. The vCPUs share
/// the other processors. One that looks keeps its processor until it is answered. One that sleeps leaves it to others, and
/// goes on once it has been woken and a processor is free.
/// On the ring a vCPU that finds no free entry waits, in turn, until the pump has shown Xen its responses. That wakes it, and
/// it has to run to put its request into the entry. Each slot has room, but its response needs a notification of its own.
/// </summary>
/// <param name="costs">What each step costs.</param>
/// <param name="vcpus">The guest's vCPUs.</param>
/// <param name="processors">Processors for them, besides the pump's.</param>
/// <param name="entries">Entries of the ring; null for slots.</param>
internal sealed class ScaleModel(ScaleCosts costs, int vcpus, int processors, int? entries)
{
    private const int Seed = 1;
    private const int Events = 100_000;
    private const int BatchSize = 64;

    private readonly Random _random = new(Seed);
    private readonly PriorityQueue<Action, (double Time, long Order)> _agenda = new();
    private readonly Queue<VCpu> _ready = new();
    private readonly Queue<VCpu> _requests = new();
    private readonly Queue<VCpu> _queuedForRoom = new();
    private readonly List<double> _roundTrips = new(Events);
    private readonly double _vcpus = vcpus;
    private int _freeProcessors = processors;
    private int _freeEntries = entries ?? int.MaxValue;
    private double _now;
    private double _waitedForRoom;
    private long _order;
    private bool _pumpIsBusy;

    /// <summary>Runs the simulation. It gives the same result each time.</summary>
    public ScaleResult Run()
    {
        for (int i = 0; i < vcpus; i++) MakeReady(new VCpu());
        while (_roundTrips.Count < Events)
        {
            _agenda.TryDequeue(out Action? next, out (double Time, long Order) due);
            _now = due.Time;
            next!();
        }

        foreach (VCpu vcpu in _queuedForRoom) _waitedForRoom += _now - vcpu.QueuedAt;
        _roundTrips.Sort();
        return new ScaleResult(
            Events / _now * 1e9, _roundTrips[Events / 2] / 1000, _roundTrips[Events / 100 * 99] / 1000, _waitedForRoom / (_now * _vcpus));
    }

    private void After(double time, Action action) => _agenda.Enqueue(action, (_now + time, _order++));

    private void MakeReady(VCpu vcpu)
    {
        if (vcpu.KeepsProcessor)
        {
            GoOn(vcpu);
            return;
        }

        _ready.Enqueue(vcpu);
        Schedule();
    }

    private void Schedule()
    {
        while (_freeProcessors > 0 && _ready.TryDequeue(out VCpu? vcpu))
        {
            _freeProcessors--;
            vcpu.KeepsProcessor = Looks;
            GoOn(vcpu);
        }
    }

    private void GoOn(VCpu vcpu)
    {
        if (vcpu.HasRoom) Raise(vcpu);
        else RunOn(vcpu);
    }

    private void RunOn(VCpu vcpu)
    {
        if (vcpu.RaisedAt is { } raised) _roundTrips.Add(_now - raised);
        After(-Math.Log(1 - _random.NextDouble()) * costs.Guest, () =>
        {
            vcpu.RaisedAt = _now;
            Raise(vcpu);
        });
    }

    private void Raise(VCpu vcpu)
    {
        if (!vcpu.KeepsProcessor) _freeProcessors++;
        if (!vcpu.HasRoom && _freeEntries == 0)
        {
            vcpu.QueuedAt = _now;
            _queuedForRoom.Enqueue(vcpu);
        }
        else
        {
            if (vcpu.HasRoom) _waitedForRoom += _now - vcpu.QueuedAt;
            else if (entries is not null) _freeEntries--;
            vcpu.HasRoom = false;
            _requests.Enqueue(vcpu);
            if (!_pumpIsBusy)
            {
                _pumpIsBusy = true;
                After(costs.Look, TakeBatch);
            }
        }

        Schedule();
    }

    private void TakeBatch()
    {
        VCpu[] batch = new VCpu[Math.Min(_requests.Count, BatchSize)];
        for (int i = 0; i < batch.Length; i++) batch[i] = _requests.Dequeue();
        After(batch.Length * costs.Handle, () => Answer(batch));
    }

    /// <summary>Xen wakes a vCPU while the pump notifies it, one after the other.</summary>
    private void Answer(VCpu[] batch)
    {
        double took = entries is null ? 0 : costs.Notify;
        foreach (VCpu vcpu in batch)
        {
            took += costs.Wake + (entries is null ? costs.Notify : 0);
            After(took + Latency, () => MakeReady(vcpu));
        }

        if (entries is not null)
        {
            _freeEntries += batch.Length;
            while (_freeEntries > 0 && _queuedForRoom.TryDequeue(out VCpu? vcpu))
            {
                _freeEntries--;
                vcpu.HasRoom = true;
                took += costs.Wake;
                After(took + Latency, () => MakeReady(vcpu));
            }
        }

        After(took, () =>
        {
            _pumpIsBusy = _requests.Count > 0;
            if (_pumpIsBusy) TakeBatch();
        });
    }

    private bool Looks => costs.Wake == 0;

    private double Latency => Looks ? costs.Look : costs.WakeLatency;

    private sealed class VCpu
    {
        public double? RaisedAt { get; set; }

        public double QueuedAt { get; set; }

        public bool HasRoom { get; set; }

        public bool KeepsProcessor { get; set; }
    }
}
