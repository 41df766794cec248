using System.Diagnostics;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>
/// The event channels of one listener. A port is pending from its signal until it is taken, and masked from then until
/// it is unmasked.
/// </summary>
internal sealed class SimulatedPorts : IEventPorts
{
    private readonly SimulatedDomain _domain;
    private readonly SingleCaller _caller;
    private readonly uint[] _ports;
    private readonly bool[] _pending;
    private readonly bool[] _masked;
    private readonly Queue<int> _ready;
    private readonly Lock _gate = new();
    private readonly WakeSignal _wake;
    private int _knownChanges = -1;
    private bool _woken;
    private bool _closed;

    /// <param name="domain">The domain.</param>
    /// <param name="caller">Guards the monitor that the ports belong to.</param>
    /// <param name="firstPort">The ring's port; the slots' follow.</param>
    /// <param name="slots">How many vCPUs have their own port.</param>
    public SimulatedPorts(SimulatedDomain domain, SingleCaller caller, uint firstPort, int slots)
    {
        _domain = domain;
        _caller = caller;
        _wake = new WakeSignal(domain.Host);
        _ports = [.. Enumerable.Range(0, slots + 1).Select(i => firstPort + (uint)i)];
        _pending = new bool[_ports.Length];
        _masked = new bool[_ports.Length];
        _ready = new Queue<int>(_ports.Length);
        SlotPorts = _ports[1..];

        // Xen signals a port when it is bound, for anything that may have come before.
        SignalAll();
    }

    /// <summary>
    /// Called on the signalling thread when there is something to take, for a listener that does not wait here.
    /// </summary>
    public Action? Arrived { private get; set; }

    public uint RingPort => _ports[0];

    public IReadOnlyList<uint> SlotPorts { get; }

    public int Wait(Span<uint> signalled, TimeSpan timeout)
    {
        _domain.Host.ThrowIfDown();
        if (timeout > TimeSpan.Zero) _domain.Host.ThrowIfGateIsHeld();
        if (_domain.Faults.TakeInterruptedWait()) return 0;
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            int count = Take(signalled);
            bool woken = Interlocked.Exchange(ref _woken, false);
            _domain.Host.ThrowIfDown();
            if (count > 0 || woken) return count;
            TimeSpan left = timeout - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero) return 0;
            _wake.Wait(left);
        }
    }

    public void Unmask(ReadOnlySpan<uint> ports)
    {
        lock (_gate)
        {
            foreach (uint port in ports)
            {
                int index = IndexOf(port, "xenevtchn_unmask");
                if (!_masked[index]) continue;
                _masked[index] = false;
                if (_pending[index]) _ready.Enqueue(index);
            }
        }
    }

    public void Notify(uint port)
    {
        using SingleCaller.Call call = _caller.Enter("xenevtchn_notify");
        int index = IndexOf(port, "xenevtchn_notify");
        if (_closed) return;
        _domain.Faults.ThrowIfRefused("xenevtchn_notify");
        lock (_domain.Gate)
        {
            if (_domain.Delivery is { } delivery && delivery.Ports == this) delivery.Notified(index);
        }
    }

    public bool TakeDomainNews()
    {
        int changes = _domain.StateChanges;
        if (changes == _knownChanges) return false;
        _knownChanges = changes;
        return true;
    }

    public void Wake()
    {
        Volatile.Write(ref _woken, true);
        _wake.Set();
    }

    /// <summary>Xen signals the port with this index, late if a fault asks for it; negative: none.</summary>
    public void Signal(int index)
    {
        if (index < 0 || _domain.Faults.TakeMissingSignal()) return;
        TimeSpan delay = _domain.Faults.TakeSignalDelay();
        if (delay > TimeSpan.Zero) SignalLater(index, delay);
        else SignalNow(index);
    }

    /// <summary>Signals every port although nothing happened.</summary>
    public void SignalAll()
    {
        for (int i = 0; i < _ports.Length; i++) SignalNow(i);
    }

    /// <summary>The listener closed the ports: signals go nowhere.</summary>
    public void Close() => _closed = true;

    private void SignalLater(int index, TimeSpan delay) =>
        Task.Delay(delay).ContinueWith(_ => SignalNow(index), TaskScheduler.Default);

    private void SignalNow(int index)
    {
        if (_closed) return;
        lock (_gate)
        {
            if (_pending[index]) return;
            _pending[index] = true;
            if (_masked[index]) return;
            _ready.Enqueue(index);
        }

        _wake.Set();
        Arrived?.Invoke();
    }

    private int Take(Span<uint> signalled)
    {
        lock (_gate)
        {
            int count = 0;
            while (count < signalled.Length && _ready.TryDequeue(out int index))
            {
                _pending[index] = false;
                _masked[index] = true;
                signalled[count++] = _ports[index];
            }

            return count;
        }
    }

    private int IndexOf(uint port, string call)
    {
        uint index = port - _ports[0];
        return index < _ports.Length ? (int)index : throw Refusal.Invalid(call, $"{port} is not a port of this monitor");
    }
}
