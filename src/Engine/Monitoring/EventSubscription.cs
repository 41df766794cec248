using System.Diagnostics;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>A stream of the events that a consumer asked for. One thread consumes it.</summary>
public sealed class EventSubscription : IDisposable
{
    private readonly ISubscriptionOwner _owner;
    private readonly EventFilter _filter;
    private readonly EventBuffer _buffer;
    private readonly ArrivalSignal _arrival;
    private readonly bool _ownsArrival;
    private readonly Func<bool> _hasNews;
    private long _dropped;
    private long _overwritten;
    private long _deliveredBeforeDrop;
    private int _disposed;
    private bool _roomIsAwaited;
    private volatile bool _stuck;

    internal EventSubscription(ISubscriptionOwner owner, EventWatch watch, EventFilter filter, ArrivalSignal? arrival)
    {
        _owner = owner;
        Watch = watch;
        _filter = filter;
        _arrival = arrival ?? new ArrivalSignal();
        _ownsArrival = arrival is null;
        _buffer = new EventBuffer(watch.BufferSize, _arrival);
        _hasNews = () => HasNews;
    }

    /// <summary>Selects the requests that it wants to see.</summary>
    internal EventFilter Filter => _filter;

    /// <summary>The watch that it stands for.</summary>
    public EventWatch Watch { get; }

    /// <summary>Events put into its buffer.</summary>
    public long Delivered => _buffer.Added;

    /// <summary>Events that it wanted and for which its full buffer had no room until their deadline.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>
    /// Asynchronous events that Xen overwrote before they were read, since this subscription began (slotted channel
    /// only). Their kind is unknown: this counts all that the subscription might have wanted.
    /// </summary>
    public long Overwritten => Volatile.Read(ref _overwritten);

    /// <summary>True once no more events will come and none is left.</summary>
    public bool IsCompleted => _buffer.IsCompleted && _buffer.Count == 0;

    /// <summary>Whether an event can be taken, or no more will come.</summary>
    public bool HasNews => _buffer.Count > 0 || _buffer.IsCompleted;

    /// <summary>Whether the consumer may sleep although something was delivered.</summary>
    internal bool IsUnannounced => _buffer.IsUnannounced;

    /// <summary>The consumer let a deadline pass. Until it takes an event, the guest does not wait for it again.</summary>
    internal bool IsStuck => _stuck;

    /// <summary>Takes the next event if there is one.</summary>
    public bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out VmEvent? vmEvent)
    {
        if (!_buffer.TryTake(out vmEvent)) return false;
        if (_stuck) _stuck = false;

        // This makes room and then checks whether somebody waits for it; AwaitRoom does both in the opposite order.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _roomIsAwaited))
        {
            Volatile.Write(ref _roomIsAwaited, false);
            _owner.Wake();
        }

        return vmEvent is not null;
    }

    /// <summary>Takes the next event, waiting for it.</summary>
    /// <returns>Null if none came in time or none will come: see <see cref="IsCompleted"/>.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public VmEvent? Take(TimeSpan timeout, CancellationToken cancellation = default)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (TryTake(out VmEvent? vmEvent)) return vmEvent;
            TimeSpan left = timeout == Timeout.InfiniteTimeSpan ? timeout : timeout - Stopwatch.GetElapsedTime(start);
            if (IsCompleted || (left <= TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)) return null;
            _arrival.Wait(_hasNews, left, cancellation);
        }
    }

    /// <summary>
    /// Ends the subscription. Switches that no other subscription needs are turned off, page permissions are restored,
    /// and held events get their default answer.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _owner.Unsubscribe(this);
        if (_ownsArrival) _arrival.Dispose();
    }

    internal bool Wants(in Abi.RequestReader request) => _filter.Wants(request);

    internal bool TryDeliver(VmEvent vmEvent) => _buffer.TryAdd(vmEvent);

    /// <summary>Wakes the consumer if it sleeps although an event was delivered.</summary>
    internal void Announce() => _buffer.Announce();

    /// <summary>Asks to be woken when the consumer has made room.</summary>
    internal void AwaitRoom()
    {
        Volatile.Write(ref _roomIsAwaited, true);
        Interlocked.MemoryBarrier();
    }

    /// <returns>Whether nothing came between this dropped event and the previous one.</returns>
    internal bool Drop()
    {
        bool continues = _dropped > 0 && _deliveredBeforeDrop == _buffer.Added;
        _deliveredBeforeDrop = _buffer.Added;
        _stuck = true;
        Volatile.Write(ref _dropped, _dropped + 1);
        return continues;
    }

    /// <summary>Counts further events that Xen overwrote before anybody read them.</summary>
    internal void CountOverwritten(long count)
    {
        if (Watch.MayBeAsynchronous) Volatile.Write(ref _overwritten, _overwritten + count);
    }

    internal void Complete() => _buffer.Complete();
}

/// <summary>The session that a subscription belongs to.</summary>
internal interface ISubscriptionOwner
{
    /// <summary>Ends a subscription and turns off what was switched on for it.</summary>
    void Unsubscribe(EventSubscription subscription);

    /// <summary>The consumer has made room that an event waits for. From any thread.</summary>
    void Wake();
}
