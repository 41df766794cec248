namespace XenVmEvent.Simulation;

/// <summary>
/// The faults to inject into a domain's monitor, for tests of listeners. Each happens as often as it is set to, then no
/// more.
/// </summary>
public sealed class SimulatedFaults
{
    private readonly long[] _happened = new long[Enum.GetValues<SimulatedFault>().Length];
    private int _interruptedWaits;
    private int _spuriousSignals;
    private int _missingSignals;
    private int _refusedCalls;
    private Errno _refusal = Errno.EAGAIN;
    private long _destroyAtEvent = -1;
    private long _tearAtEvent = -1;

    /// <summary>How many waits for the event channels return early with nothing, as after EINTR.</summary>
    public int InterruptedWaits { set => Volatile.Write(ref _interruptedWaits, value); }

    /// <summary>
    /// How many times all ports are signalled although nothing happened, each time that an event is raised.
    /// </summary>
    public int SpuriousSignals { set => Volatile.Write(ref _spuriousSignals, value); }

    /// <summary>How many signals never arrive.</summary>
    public int MissingSignals { set => Volatile.Write(ref _missingSignals, value); }

    /// <summary>How late every signal arrives; zero: not late.</summary>
    public TimeSpan SignalDelay { get; set; }

    /// <summary>
    /// The domain is destroyed after this many more events, the last of them without an answer: 1 for the next.
    /// </summary>
    public long DestroyAtEvent { set => Volatile.Write(ref _destroyAtEvent, value); }

    /// <summary>
    /// The ring's index and the slot's state become nonsense after this many more events: 1 for the next.
    /// </summary>
    public long TearAtEvent { set => Volatile.Write(ref _tearAtEvent, value); }

    /// <summary>Refuses the listener's next calls, which then change nothing.</summary>
    /// <param name="count">How many.</param>
    /// <param name="errno">The error.</param>
    public void RefuseCalls(int count, Errno errno)
    {
        _refusal = errno;
        Volatile.Write(ref _refusedCalls, count);
    }

    /// <summary>How often a fault has happened.</summary>
    public long Count(SimulatedFault fault) => Volatile.Read(ref _happened[(int)fault]);

    internal bool TakeInterruptedWait() => Take(ref _interruptedWaits, SimulatedFault.InterruptedWait);

    internal bool TakeSpuriousSignal() => Take(ref _spuriousSignals, SimulatedFault.SpuriousSignal);

    internal bool TakeMissingSignal() => Take(ref _missingSignals, SimulatedFault.MissingSignal);

    internal void ThrowIfRefused(string call)
    {
        if (Take(ref _refusedCalls, SimulatedFault.RefusedCall)) throw Refusal.AsTold(call, _refusal);
    }

    internal TimeSpan TakeSignalDelay()
    {
        if (SignalDelay > TimeSpan.Zero) Note(SimulatedFault.LateSignal);
        return SignalDelay;
    }

    internal bool IsDestroyTime() => IsTime(ref _destroyAtEvent, SimulatedFault.Destruction);

    internal bool IsTearTime() => IsTime(ref _tearAtEvent, SimulatedFault.TornChannel);

    private bool IsTime(ref long left, SimulatedFault fault)
    {
        if (Interlocked.Decrement(ref left) != 0) return false;
        Note(fault);
        return true;
    }

    private bool Take(ref int count, SimulatedFault fault)
    {
        if (Volatile.Read(ref count) <= 0 || Interlocked.Decrement(ref count) < 0) return false;
        Note(fault);
        return true;
    }

    private void Note(SimulatedFault fault) => Interlocked.Increment(ref _happened[(int)fault]);
}

/// <summary>The kinds of fault in a simulated domain's monitor.</summary>
public enum SimulatedFault
{
    /// <summary>A wait for the event channels returned early with nothing, as after EINTR.</summary>
    InterruptedWait,

    /// <summary>All ports were signalled although nothing had happened.</summary>
    SpuriousSignal,

    /// <summary>A signal arrived late.</summary>
    LateSignal,

    /// <summary>A signal never arrived.</summary>
    MissingSignal,

    /// <summary>A call was refused.</summary>
    RefusedCall,

    /// <summary>The domain was destroyed in the middle of an event.</summary>
    Destruction,

    /// <summary>The ring's index and a slot's state became nonsense.</summary>
    TornChannel,
}
