using System.Diagnostics;

namespace XenVmEvent.Simulation;

/// <summary>
/// Wakes one thread, which spins briefly before it sleeps. A signal that finds nobody waiting is kept for the next
/// wait. No thread may wait while it holds a gate of the host.
/// </summary>
internal sealed class WakeSignal(HostState host)
{
    private const int None = 0;
    private const int Sleeping = 1;
    private const int Signalled = 2;

    /// <summary>How long a wait spins before it sleeps: about what falling asleep and waking cost.</summary>
    private static readonly long SpinTicks = Stopwatch.Frequency / 100_000;

    /// <summary>
    /// The number of threads spinning now, over all signals: always fewer than there are processors, so that the others
    /// can work.
    /// </summary>
    private static int _spinners;

    private readonly object _sleep = new();
    private int _state;

    /// <summary>Ends the current wait, or the next.</summary>
    public void Set()
    {
        if (Interlocked.Exchange(ref _state, Signalled) != Sleeping) return;
        lock (_sleep) Monitor.Pulse(_sleep);
    }

    /// <summary>Waits for a signal and takes it.</summary>
    /// <returns>False if the time was over first.</returns>
    public bool Wait(TimeSpan timeout)
    {
        host.ThrowIfGateIsHeld();
        if (TryTake()) return true;
        if (timeout <= TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan) return false;
        long start = Stopwatch.GetTimestamp();
        if (Spin(start)) return true;
        lock (_sleep)
        {
            if (Interlocked.CompareExchange(ref _state, Sleeping, None) == None) Sleep(start, timeout);
            return Interlocked.Exchange(ref _state, None) == Signalled;
        }
    }

    private void Sleep(long start, TimeSpan timeout)
    {
        while (Volatile.Read(ref _state) == Sleeping)
        {
            if (timeout == Timeout.InfiniteTimeSpan)
            {
                Monitor.Wait(_sleep);
                continue;
            }

            TimeSpan left = timeout - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero) return;
            Monitor.Wait(_sleep, (int)Math.Min(Math.Ceiling(left.TotalMilliseconds), int.MaxValue));
        }
    }

    private bool Spin(long start)
    {
        bool taken = false;
        if (Interlocked.Increment(ref _spinners) < Environment.ProcessorCount)
        {
            while (!(taken = TryTake()) && Stopwatch.GetTimestamp() - start < SpinTicks) Thread.SpinWait(10);
        }

        Interlocked.Decrement(ref _spinners);
        return taken;
    }

    private bool TryTake() =>
        Volatile.Read(ref _state) == Signalled && Interlocked.CompareExchange(ref _state, None, Signalled) == Signalled;
}
