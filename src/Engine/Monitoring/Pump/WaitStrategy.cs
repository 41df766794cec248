using System.Diagnostics;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Waits for something for the pump to do. It looks at the channel for a while. If the channel stays quiet, it sleeps
/// until Xen signals or another thread wakes it. Used by the pump's thread, except for <see cref="Wake"/>.
/// </summary>
internal sealed class WaitStrategy(MonitorChannel channel, IEventPorts ports)
{
    /// <summary>
    /// How long to look: about as long as falling asleep and waking takes. On a machine with one processor it does not
    /// look, because that would keep the guest from running.
    /// </summary>
    private static readonly long LookTicks = Environment.ProcessorCount > 1 ? Stopwatch.Frequency / 20_000 : 0;

    /// <summary>The maximum number of sleeps without a look, after looks in vain.</summary>
    private const int MostBlindSleeps = 256;

    private readonly Lock _gate = new();
    private int _attention;
    private int _sleeping;
    private int _blindSleeps;
    private int _blindSleepsLeft;
    private bool _closed;

    /// <summary>Forgets the wakings so far. This round does what they asked for.</summary>
    public void BeginRound() => Volatile.Write(ref _attention, 0);

    /// <summary>
    /// Looks for the next request. Each look in vain doubles the number of sleeps without a look that follow, because
    /// the guest is idle or others need the processor.
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

        // A request that came late would have woken a sleeping thread sooner.
        _blindSleeps = found && isInTime ? 0 : Math.Clamp(2 * _blindSleeps, 1, MostBlindSleeps);
        _blindSleepsLeft = _blindSleeps;
        return found;
    }

    /// <summary>Sleeps until Xen signals, another thread wakes it, or the timeout passes.</summary>
    public void Sleep(TimeSpan timeout)
    {
        Volatile.Write(ref _sleeping, 1);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _attention) == 0) channel.Sleep(timeout);
        Volatile.Write(ref _sleeping, 0);
    }

    /// <summary>Has the pump look for what changed. May be called from any thread.</summary>
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

    /// <summary>Called when the pump sleeps no more, before the ports are closed.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
        }
    }
}
