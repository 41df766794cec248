using System.Diagnostics;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// How the pump waits for something to do. It looks at the channel for a while, and sleeps when that stays quiet, until Xen
/// signals or another thread wakes it. Used by the pump's thread, but for <see cref="Wake"/>.
/// </summary>
internal sealed class WaitStrategy(MonitorChannel channel, IEventPorts ports)
{
    /// <summary>
    /// How long to look, about as long as falling asleep and waking takes. Where there is one processor, looking would keep
    /// the guest from it.
    /// </summary>
    private static readonly long LookTicks = Environment.ProcessorCount > 1 ? Stopwatch.Frequency / 20_000 : 0;

    /// <summary>The most sleeps without a look, where looks are in vain.</summary>
    private const int MostBlindSleeps = 256;

    private readonly Lock _gate = new();
    private int _attention;
    private int _sleeping;
    private int _blindSleeps;
    private int _blindSleepsLeft;
    private bool _closed;

    /// <summary>Forgets the wakings so far: what they told of is done now.</summary>
    public void BeginRound() => Volatile.Write(ref _attention, 0);

    /// <summary>
    /// Looks for the next request. Each look in vain doubles the sleeps without one that follow: the guest is idle, or others
    /// need the processor.
    /// </summary>
    /// <returns>Whether there is something to do.</returns>
    public bool Look()
    {
        if (LookTicks == 0) return false;
        if (_blindSleepsLeft > 0)
        {
            _blindSleepsLeft--;
            return false;
        }

        long until = Stopwatch.GetTimestamp() + LookTicks;
        bool isInTime;
        bool found;
        do
        {
            Thread.SpinWait(1);
            isInTime = Stopwatch.GetTimestamp() < until;
            found = channel.HasRequest || Volatile.Read(ref _attention) != 0;
        }
        while (isInTime && !found);

        // What came late would have woken a sleeper sooner.
        _blindSleeps = found && isInTime ? 0 : Math.Clamp(2 * _blindSleeps, 1, MostBlindSleeps);
        _blindSleepsLeft = _blindSleeps;
        return found;
    }

    /// <summary>Sleeps until Xen signals, somebody wakes it, or the time is over.</summary>
    public void Sleep(TimeSpan timeout)
    {
        Volatile.Write(ref _sleeping, 1);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _attention) == 0) channel.Sleep(timeout);
        Volatile.Write(ref _sleeping, 0);
    }

    /// <summary>Has the pump look for what changed. From any thread.</summary>
    public void Wake()
    {
        Volatile.Write(ref _attention, 1);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _sleeping) == 0) return;
        lock (_gate)
        {
            if (!_closed) ports.Wake();
        }
    }

    /// <summary>Nobody sleeps here any more, and the ports go.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
        }
    }
}
