using System.Diagnostics;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>A stream of the events that somebody asked for. One thread consumes it.</summary>
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

    /// <summary>What it wants to see of all requests.</summary>
    internal EventFilter Filter => _filter;

    /// <summary>What it wants to see.</summary>
    public EventWatch Watch { get; }

    /// <summary>Events put into its buffer.</summary>
    public long Delivered => _buffer.Added;

    /// <summary>Events that it wanted and that its full buffer had no room for until their deadline.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>
    /// Asynchronous events that Xen overwrote before they were read, since this began (slotted channel only). Nobody knows of
    /// which kind they were: this counts all that it might have wanted.
    /// </summary>
    public long Overwritten => Volatile.Read(ref _overwritten);

    /// <summary>True once no event will come any more and none is left.</summary>
    public bool IsCompleted => _buffer.IsCompleted && _buffer.Count == 0;

    /// <summary>Whether taking would give an event, or none will come any more.</summary>
    public bool HasNews => _buffer.Count > 0 || _buffer.IsCompleted;

    /// <summary>Whether the consumer may sleep although something was delivered.</summary>
    internal bool IsUnannounced => _buffer.IsUnannounced;

    /// <summary>The consumer let a deadline pass; until it takes an event the guest does not wait for it again.</summary>
    internal bool IsStuck => _stuck;

    /// <summary>Takes the next event if one is there.</summary>
    public bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out VmEvent? vmEvent)
    {
        if (!_buffer.TryTake(out vmEvent)) return false;
        if (_stuck) _stuck = false;

        // Room was made before this looks whether somebody waits for it; AwaitRoom does both the other way round.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _roomIsAwaited))
        {
            Volatile.Write(ref _roomIsAwaited, false);
            _owner.Wake();
        }

        return vmEvent is not null;
    }

    /// <summary>Takes the next event, waiting for it.</summary>
    /// <returns>Null when none came in time or none will come: see <see cref="IsCompleted"/>.</returns>
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
    /// Ends the subscription: what it switched on is switched off, unless others want it, page access goes back, and
    /// what it held gets its default.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _owner.Unsubscribe(this);
        if (_ownsArrival) _arrival.Dispose();
    }

    internal bool Wants(in Abi.RequestReader request) => _filter.Wants(request);

    internal bool TryDeliver(VmEvent vmEvent) => _buffer.TryAdd(vmEvent);

    /// <summary>Wakes the consumer if it sleeps although something was delivered.</summary>
    internal void Announce() => _buffer.Announce();

    /// <summary>Asks to be woken when the consumer has made room.</summary>
    internal void AwaitRoom()
    {
        Volatile.Write(ref _roomIsAwaited, true);
        Interlocked.MemoryBarrier();
    }

    /// <returns>Whether nothing came between the event that is dropped and the one that was dropped before.</returns>
    internal bool Drop()
    {
        bool continues = _dropped > 0 && _deliveredBeforeDrop == _buffer.Added;
        _deliveredBeforeDrop = _buffer.Added;
        _stuck = true;
        Volatile.Write(ref _dropped, _dropped + 1);
        return continues;
    }

    /// <summary>Xen overwrote so many events more that nobody has read.</summary>
    internal void CountOverwritten(long count)
    {
        if (Watch.MayBeAsynchronous) Volatile.Write(ref _overwritten, _overwritten + count);
    }

    internal void Complete() => _buffer.Complete();
}

/// <summary>The session that a subscription belongs to.</summary>
internal interface ISubscriptionOwner
{
    /// <summary>Ends a subscription and what was switched on for it.</summary>
    void Unsubscribe(EventSubscription subscription);

    /// <summary>The consumer has made room that is waited for. From any thread.</summary>
    void Wake();
}
