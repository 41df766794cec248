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
    private static readonly long SpinTicks = Environment.ProcessorCount > 1 ? Stopwatch.Frequency / 20_000 : 0;

    /// <summary>After so many looks in vain it sleeps <see cref="BlindSleeps"/> times without a look.</summary>
    private const int PatientLooks = 4;

    /// <inheritdoc cref="PatientLooks"/>
    private const int BlindSleeps = 32;

    private readonly Lock _gate = new();
    private int _attention;
    private int _sleeping;
    private int _looksInVain;
    private int _blindSleepsLeft;
    private bool _closed;

    /// <summary>Forgets the wakings so far: what they told of is done now.</summary>
    public void BeginRound() => Volatile.Write(ref _attention, 0);

    /// <summary>
    /// Looks for the next request. Where that did not pay lately, because the guest is idle or waits for this very processor,
    /// it looks now and then only.
    /// </summary>
    /// <returns>Whether there is something to do.</returns>
    public bool Spin()
    {
        if (SpinTicks == 0) return false;
        if (_blindSleepsLeft > 0)
        {
            _blindSleepsLeft--;
            return false;
        }

        long until = Stopwatch.GetTimestamp() + SpinTicks;
        do
        {
            if (channel.HasRequest || Volatile.Read(ref _attention) != 0)
            {
                _looksInVain = 0;
                return true;
            }

            Thread.SpinWait(10);
        }
        while (Stopwatch.GetTimestamp() < until);
        _looksInVain = Math.Min(_looksInVain + 1, PatientLooks);
        _blindSleepsLeft = _looksInVain == PatientLooks ? BlindSleeps : 0;
        return false;
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
