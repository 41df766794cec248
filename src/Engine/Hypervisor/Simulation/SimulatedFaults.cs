namespace XenVmEvent.Hypervisor.Simulation;

/// <summary>What shall go wrong in a domain's monitor, for tests of listeners. Each happens as often as it is set to, then no more.</summary>
public sealed class SimulatedFaults
{
    private int _interruptedWaits;
    private int _spuriousSignals;
    private long _destroyAtEvent = -1;
    private long _tearAtEvent = -1;

    /// <summary>How many waits for the event channels return early with nothing, as after EINTR.</summary>
    public int InterruptedWaits { set => Volatile.Write(ref _interruptedWaits, value); }

    /// <summary>How many times all ports are signalled though nothing happened, each time that an event is raised.</summary>
    public int SpuriousSignals { set => Volatile.Write(ref _spuriousSignals, value); }

    /// <summary>How late every signal arrives; zero: at once.</summary>
    public TimeSpan SignalDelay { get; set; }

    /// <summary>The domain is destroyed when so many more events were raised, the last of them without answer: 1 for the next.</summary>
    public long DestroyAtEvent { set => Volatile.Write(ref _destroyAtEvent, value); }

    /// <summary>The ring's index and the slot's state turn to nonsense when so many more events were raised: 1 for the next.</summary>
    public long TearAtEvent { set => Volatile.Write(ref _tearAtEvent, value); }

    internal bool TakeInterruptedWait() => Take(ref _interruptedWaits);

    internal bool TakeSpuriousSignal() => Take(ref _spuriousSignals);

    internal bool IsDestroyTime() => Interlocked.Decrement(ref _destroyAtEvent) == 0;

    internal bool IsTearTime() => Interlocked.Decrement(ref _tearAtEvent) == 0;

    private static bool Take(ref int count)
    {
        if (Volatile.Read(ref count) <= 0) return false;
        return Interlocked.Decrement(ref count) >= 0;
    }
}
