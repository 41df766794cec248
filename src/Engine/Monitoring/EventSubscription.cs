using System.Diagnostics;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>A stream of the events that a consumer asked for. One thread consumes it.</summary>
public sealed class EventSubscription : IDisposable
{
    private readonly ISubscriptionOwner _owner;
    private readonly EventBuffer _buffer;
    private readonly ArrivalSignal _arrival;
    private readonly bool _ownsArrival;
    private readonly Func<bool> _hasNews;
    private long _dropped;
    private long _overwritten;
    private long _shed;
    private long _deliveredBeforeDrop;
    private int _disposed;
    private bool _roomIsAwaited;
    private volatile bool _stuck;

    internal EventSubscription(ISubscriptionOwner owner, EventWatch watch, EventFilter filter, ArrivalSignal? arrival)
    {
        _owner = owner;
        Watch = watch;
        Watches = [new FilteredWatch(watch, filter)];
        _arrival = arrival ?? new ArrivalSignal();
        _ownsArrival = arrival is null;
        _buffer = new EventBuffer(watch.BufferSize, _arrival);
        _hasNews = () => HasNews;
    }

    /// <summary>The watch that it stands for. Rules have several; this one names their kinds of event.</summary>
    public EventWatch Watch { get; }

    /// <summary>The rules whose events it shows; null if it stands for a single watch.</summary>
    public EventRules? Rules => Decider?.Rules;

    /// <summary>What each of its rules has done so far; empty without rules.</summary>
    public IReadOnlyList<RuleCounts> RuleCounts => Decider?.Counts ?? [];

    /// <summary>All that is switched on for it, with the filters that select its requests.</summary>
    internal IReadOnlyList<FilteredWatch> Watches { get; private set; }

    /// <summary>Decides which requests it shows, and how they are answered; null if it stands for a single watch.</summary>
    internal RuleDecider? Decider { get; private set; }

    /// <summary>Events put into its buffer.</summary>
    public long Delivered => _buffer.Added;

    /// <summary>Events that it wanted and for which its full buffer had no room until their deadline.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>
    /// Asynchronous events that Xen overwrote before they were read, since this subscription began (slotted channel
    /// only). Their kind is unknown: this counts all that the subscription might have wanted.
    /// </summary>
    public long Overwritten => Volatile.Read(ref _overwritten);

    /// <summary>Events that a policy's limit kept from being shown.</summary>
    public long Shed => Volatile.Read(ref _shed);

    /// <summary>True once no more events will come and none is left.</summary>
    public bool IsCompleted => _buffer.IsCompleted && _buffer.Count == 0;

    /// <summary>Whether an event can be taken, or no more will come.</summary>
    public bool HasNews => _buffer.Count > 0 || _buffer.IsCompleted;

    /// <summary>Whether the consumer may sleep although something was delivered.</summary>
    internal bool IsUnannounced => _buffer.IsUnannounced;

    /// <summary>The guest never waits for room in its buffer.</summary>
    internal bool DropsWhenFull { get; init; }

    /// <summary>The consumer let a deadline pass. Until it takes an event, the guest does not wait for it again.</summary>
    internal bool IsStuck => _stuck;

    /// <summary>The next event, which stays; null if there is none.</summary>
    internal VmEvent? Peek() => _buffer.TryPeek(out VmEvent? vmEvent) ? vmEvent : null;

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

    /// <summary>Shows what these rules decide, from now on. Called by the pump's thread.</summary>
    internal void DecideBy(RuleDecider decider)
    {
        Decider = decider;
        Watches = [.. decider.Watches];
    }

    /// <summary>Whether the watch that it stands for selects a request.</summary>
    internal bool Wants(in Abi.RequestReader request) => Watches[0].Filter.Wants(request);

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

    /// <summary>Counts an event that a policy's limit kept from being shown.</summary>
    internal void CountShed() => Volatile.Write(ref _shed, _shed + 1);

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
