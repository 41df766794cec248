using System.Runtime.InteropServices;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>
/// A bounded queue from the pump's thread to a consumer's thread. Neither waits for the other while adding or taking.
/// </summary>
internal sealed class EventBuffer
{
    private readonly Place[] _places;
    private readonly ArrivalSignal _arrival;
    private Positions _positions;
    private bool _completed;

    public EventBuffer(int size, ArrivalSignal arrival)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        _places = new Place[size];
        _arrival = arrival;
    }

    /// <summary>The number of events added since the beginning.</summary>
    public long Added => Volatile.Read(ref _positions.Added);

    /// <summary>The number of events that wait to be taken.</summary>
    public int Count => (int)(Added - Volatile.Read(ref _positions.Taken));

    /// <summary>Whether no more events will be added.</summary>
    public bool IsCompleted => Volatile.Read(ref _completed);

    /// <summary>For the pump: whether something was added since the last <see cref="Announce"/>.</summary>
    public bool IsUnannounced => _positions.IsUnannounced;

    /// <summary>
    /// For the pump: adds an event if there is room. A sleeping consumer is woken by <see cref="Announce"/>, or when
    /// the buffer is half full.
    /// </summary>
    public bool TryAdd(VmEvent vmEvent)
    {
        int half = _places.Length / 2;
        if (_positions.Added - _positions.TakenSeen >= half) _positions.TakenSeen = Volatile.Read(ref _positions.Taken);
        long waiting = _positions.Added - _positions.TakenSeen;
        if (waiting == _places.Length) return false;
        _places[_positions.AddAt].Event = vmEvent;
        _positions.AddAt = Next(_positions.AddAt);
        _positions.IsUnannounced = true;
        Volatile.Write(ref _positions.Added, _positions.Added + 1);
        if (waiting >= half) Announce();
        return true;
    }

    /// <summary>For the pump: wakes the consumer if it sleeps although something was added.</summary>
    public void Announce()
    {
        if (!_positions.IsUnannounced) return;
        _positions.IsUnannounced = false;
        _arrival.Set();
    }

    /// <summary>For the pump: says that nothing more will come.</summary>
    public void Complete()
    {
        Volatile.Write(ref _completed, true);
        _arrival.Set();
    }

    /// <summary>For the consumer: takes the oldest event if there is one.</summary>
    public bool TryTake(out VmEvent? vmEvent)
    {
        if (!TryPeek(out vmEvent)) return false;
        _places[_positions.TakeAt].Event = null;
        _positions.TakeAt = Next(_positions.TakeAt);
        Volatile.Write(ref _positions.Taken, _positions.Taken + 1);
        return true;
    }

    /// <summary>For the consumer: the oldest event if there is one.</summary>
    public bool TryPeek(out VmEvent? vmEvent)
    {
        vmEvent = null;
        if (_positions.AddedSeen == _positions.Taken) _positions.AddedSeen = Added;
        if (_positions.AddedSeen == _positions.Taken) return false;
        vmEvent = _places[_positions.TakeAt].Event;
        return true;
    }

    private int Next(int place) => place + 1 == _places.Length ? 0 : place + 1;

    /// <summary>A structure, because storing an object into an array of objects would check its type.</summary>
    private struct Place
    {
        public VmEvent? Event;
    }

    /// <summary>
    /// What each side writes for every event has its own two cache lines of 64 bytes, because processors fetch them in
    /// pairs. Each side keeps the other's position as it last saw it, and looks again only when that is not enough.
    /// </summary>
    [StructLayout(LayoutKind.Explicit, Size = 384)]
    private struct Positions
    {
        [FieldOffset(128)]
        public long Added;

        [FieldOffset(136)]
        public long TakenSeen;

        [FieldOffset(144)]
        public int AddAt;

        [FieldOffset(148)]
        public bool IsUnannounced;

        [FieldOffset(256)]
        public long Taken;

        [FieldOffset(264)]
        public long AddedSeen;

        [FieldOffset(272)]
        public int TakeAt;
    }
}
