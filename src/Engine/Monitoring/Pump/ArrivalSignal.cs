namespace XenVmEvent.Monitoring;

/// <summary>
/// Wakes the one thread that consumes the events of one subscription, or of several that share the signal.
/// </summary>
/// <remarks>
/// Waking a thread takes longer than handling several events. So a consumer that has taken all events first naps for a
/// millisecond, in which events that can wait do not wake it, and looks again. Only then does it sleep until the next one.
/// The pump needs no timer for this: to set one for each event would cost a small host more than the event does.
/// </remarks>
public sealed class ArrivalSignal : IDisposable
{
    private static readonly TimeSpan Nap = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestSleep = TimeSpan.FromDays(1);

    /// <summary>It sleeps at once: nothing is there, so looking would be in vain.</summary>
    private readonly ManualResetEventSlim _arrival = new(initialState: false, spinCount: 0);
    private int _state;

    /// <summary>
    /// For the consumer: sleeps until something arrives or the timeout passes, at most a day. It does not sleep if
    /// something is there already.
    /// </summary>
    /// <param name="isThere">Says whether something is there. Called once no arrival can be missed any more.</param>
    /// <param name="timeout">The maximum time to sleep.</param>
    /// <param name="cancellation">Ends the sleep.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public void Wait(Func<bool> isThere, TimeSpan timeout, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(isThere);
        if (timeout == Timeout.InfiniteTimeSpan || timeout > LongestSleep) timeout = LongestSleep;
        TimeSpan nap = timeout < Nap ? timeout : Nap;
        if (!Sleep(State.Napping, isThere, nap, cancellation) && timeout > nap) Sleep(State.Sleeping, isThere, timeout - nap, cancellation);
    }

    /// <inheritdoc/>
    public void Dispose() => _arrival.Dispose();

    /// <summary>Wakes the consumer if it sleeps or naps. Costs a memory barrier when it does neither.</summary>
    internal void Set()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _state) != (int)State.Awake && Interlocked.Exchange(ref _state, (int)State.Awake) != (int)State.Awake) _arrival.Set();
    }

    /// <summary>Wakes the consumer if it sleeps. If it naps, it will look by itself.</summary>
    internal void SetUnlessNapping()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _state) == (int)State.Sleeping && Interlocked.CompareExchange(ref _state, (int)State.Awake, (int)State.Sleeping) == (int)State.Sleeping)
            _arrival.Set();
    }

    /// <returns>Whether it was woken, or did not sleep because something is there.</returns>
    private bool Sleep(State state, Func<bool> isThere, TimeSpan time, CancellationToken cancellation)
    {
        _arrival.Reset();
        Volatile.Write(ref _state, (int)state);
        Interlocked.MemoryBarrier();
        try
        {
            return isThere() || _arrival.Wait(time, cancellation);
        }
        finally
        {
            Volatile.Write(ref _state, (int)State.Awake);
        }
    }

    private enum State
    {
        Awake,
        Napping,
        Sleeping,
    }
}
