using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>A bounded queue from the pump's thread to one consumer's. Neither waits for the other while adding or taking.</summary>
internal sealed class EventBuffer
{
    private readonly VmEvent?[] _events;
    private readonly ArrivalSignal _arrival;
    private long _added;
    private long _taken;
    private bool _isUnannounced;
    private bool _completed;

    public EventBuffer(int size, ArrivalSignal arrival)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        _events = new VmEvent?[size];
        _arrival = arrival;
    }

    /// <summary>No more will be added.</summary>
    public bool IsCompleted => Volatile.Read(ref _completed);

    /// <summary>How many wait to be taken.</summary>
    public int Count => (int)(Volatile.Read(ref _added) - Volatile.Read(ref _taken));

    /// <summary>The pump's: adds an event if there is room. A consumer that sleeps is woken by <see cref="Announce"/>, or when the buffer is half full.</summary>
    public bool TryAdd(VmEvent vmEvent)
    {
        long waiting = _added - Volatile.Read(ref _taken);
        if (waiting == _events.Length) return false;
        _events[_added % _events.Length] = vmEvent;
        Volatile.Write(ref _added, _added + 1);
        _isUnannounced = true;
        if (waiting >= _events.Length / 2) Announce();
        return true;
    }

    /// <summary>The pump's: wakes a consumer that sleeps although something was added.</summary>
    public void Announce()
    {
        if (!_isUnannounced) return;
        _isUnannounced = false;
        _arrival.Set();
    }

    /// <summary>The pump's: nothing more will come.</summary>
    public void Complete()
    {
        Volatile.Write(ref _completed, true);
        _arrival.Set();
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
}
