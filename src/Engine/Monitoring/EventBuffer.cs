using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>A bounded queue from the pump's thread to one consumer's. Neither waits for the other while adding or taking.</summary>
internal sealed class EventBuffer : IDisposable
{
    private readonly VmEvent?[] _events;
    private readonly SemaphoreSlim _arrival = new(0);
    private long _added;
    private long _taken;
    private int _consumerWaits;
    private bool _completed;

    public EventBuffer(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        _events = new VmEvent?[size];
    }

    /// <summary>No more will be added.</summary>
    public bool IsCompleted => Volatile.Read(ref _completed);

    /// <summary>How many wait to be taken.</summary>
    public int Count => (int)(Volatile.Read(ref _added) - Volatile.Read(ref _taken));

    /// <summary>The pump's: adds an event if there is room.</summary>
    public bool TryAdd(VmEvent vmEvent)
    {
        if (_added - Volatile.Read(ref _taken) == _events.Length) return false;
        _events[_added % _events.Length] = vmEvent;
        Volatile.Write(ref _added, _added + 1);
        WakeConsumer();
        return true;
    }

    /// <summary>The pump's: nothing more will come.</summary>
    public void Complete()
    {
        Volatile.Write(ref _completed, true);
        WakeConsumer();
    }

    /// <summary>The consumer's: takes the oldest event if there is one.</summary>
    public bool TryTake(out VmEvent? vmEvent)
    {
        vmEvent = null;
        if (Volatile.Read(ref _added) == _taken) return false;
        ref VmEvent? place = ref _events[_taken % _events.Length];
        vmEvent = place;
        place = null;
        Volatile.Write(ref _taken, _taken + 1);
        return true;
    }

    /// <summary>The consumer's: sleeps until there is an event, or no more will come, or the time is over.</summary>
    public void Wait(TimeSpan timeout, CancellationToken cancellation)
    {
        Volatile.Write(ref _consumerWaits, 1);
        Interlocked.MemoryBarrier();
        if (Count == 0 && !IsCompleted) _arrival.Wait(timeout, cancellation);
        Volatile.Write(ref _consumerWaits, 0);
    }

    public void Dispose() => _arrival.Dispose();

    private void WakeConsumer()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _consumerWaits) != 0 && Interlocked.Exchange(ref _consumerWaits, 0) != 0) _arrival.Release();
    }
}
