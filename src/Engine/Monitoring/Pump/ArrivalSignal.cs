namespace XenVmEvent.Monitoring;

/// <summary>
/// Wakes the one thread that consumes the events of one subscription, or of several that share the signal.
/// </summary>
public sealed class ArrivalSignal : IDisposable
{
    private static readonly TimeSpan LongestSleep = TimeSpan.FromDays(1);

    /// <summary>It sleeps at once: the pump wakes it once there is enough to do, so looking would be in vain.</summary>
    private readonly ManualResetEventSlim _arrival = new(initialState: false, spinCount: 0);
    private int _waits;

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
        _arrival.Reset();
        Volatile.Write(ref _waits, 1);
        Interlocked.MemoryBarrier();
        try
        {
            if (!isThere()) _arrival.Wait(timeout < LongestSleep ? timeout : LongestSleep, cancellation);
        }
        finally
        {
            Volatile.Write(ref _waits, 0);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _arrival.Dispose();

    /// <summary>Signals that something has arrived. Costs a memory barrier when nobody sleeps.</summary>
    internal void Set()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _waits) != 0 && Interlocked.Exchange(ref _waits, 0) != 0) _arrival.Set();
    }
}
