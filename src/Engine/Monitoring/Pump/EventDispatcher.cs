using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Decides on each request, shows it to the subscriptions that want it and sees that it is answered: at once, or when
/// its holder answers, or at its deadline. Used by the pump's thread.
/// </summary>
internal sealed class EventDispatcher
{
    /// <summary>How long a consumer that sleeps may sleep on while there is more to do: waking it takes longer than handling some events.</summary>
    private static readonly long AnnouncePeriod = Stopwatch.Frequency / 1000;

    private readonly MonitorChannel _channel;
    private readonly ResponseComposer _composer;
    private readonly StatisticsCollector _statistics;
    private readonly SessionSource _source;
    private readonly VmEventLayout _layout;
    private readonly long _responseTimeout;
    private readonly VmEventResponse[] _defaults;
    private readonly List<EventSubscription> _subscriptions = [];
    private readonly List<EventSubscription> _wanting = [];
    private readonly HashSet<EventSubscription> _full = [];
    private readonly List<PendingRequest> _pending = [];
    private readonly List<(long ReadAt, VmEvent? Event)> _unflushed = [];
    private readonly byte[] _request = new byte[VmEventLayout.LargestSize];
    private readonly byte[] _response = new byte[VmEventLayout.LargestSize];
    private long _announced;
    private bool _announceNow;
    private long _overwritten;
    private long _lookedBefore = Stopwatch.GetTimestamp();

    public EventDispatcher(
        MonitorChannel channel,
        ResponseComposer composer,
        StatisticsCollector statistics,
        SessionSource source,
        TimeSpan responseTimeout,
        int vcpus)
    {
        _channel = channel;
        _composer = composer;
        _statistics = statistics;
        _source = source;
        _layout = source.Layout;
        _responseTimeout = (long)(responseTimeout.TotalSeconds * Stopwatch.Frequency);
        VCpus = vcpus;
        _defaults = [.. Enum.GetValues<VmEventKind>().Select(_ => VmEventResponse.Continue)];
    }

    public IReadOnlyList<EventSubscription> Subscriptions => _subscriptions;

    /// <summary>How many vCPUs the domain has.</summary>
    public int VCpus { get; }

    /// <summary>When the next deadline is due, in Stopwatch ticks.</summary>
    public long? NextDeadline => _pending.Count == 0 ? null : _pending[0].ReadAt + _responseTimeout;

    public void Add(EventSubscription subscription) => _subscriptions.Add(subscription);

    /// <summary>Stops showing events to a subscription; what only it held gets its default.</summary>
    public void Remove(EventSubscription subscription)
    {
        if (!_subscriptions.Remove(subscription)) return;
        foreach (PendingRequest pending in _pending) pending.Undelivered.Remove(subscription);
        if (subscription.Watch.Hold) ReleaseHeld(e => !_subscriptions.Exists(s => s.Watch.Hold && s.Wants(e.Request)));
        subscription.Complete();
    }

    /// <summary>Gives everything that waits its default.</summary>
    public void ReleaseAll()
    {
        foreach (PendingRequest pending in _pending)
        {
            foreach (EventSubscription subscription in pending.Undelivered) Drop(subscription, pending.Event);
            pending.Undelivered.Clear();
        }

        ReleaseHeld(_ => true);
        Settle();
    }

    /// <summary>The domain or its monitor is gone: shows what is still in the channel, as far as there is room, and answers nothing.</summary>
    /// <returns>Whether a vCPU was left to wait for an answer.</returns>
    public bool Abandon()
    {
        bool anyWaits = _pending.Count > 0;
        foreach (PendingRequest pending in _pending) Abandon(pending.Event, pending.Undelivered);
        _pending.Clear();
        for (int left = _channel.Capacity; left > 0 && _channel.TryRead(_request); left--)
        {
            RequestView request = new(_request, _layout);
            anyWaits |= request.IsSynchronous;
            EnsurePlausible(request);
            _statistics.OnRead(request.Kind, request.VCpuId, waited: 0);
            FindWanting(request);
            if (_wanting.Count == 0) continue;
            VmEvent vmEvent = VmEventFactory.Create(_source, request, Stopwatch.GetTimestamp());
            vmEvent.Hold();
            Abandon(vmEvent, _wanting);
        }

        NoteOverwritten(Stopwatch.GetTimestamp());
        return anyWaits;
    }

    /// <summary>Answers what cannot be read any more, so that vCPUs which queue for room get on.</summary>
    public void MakeRoom() => _channel.MakeRoom(VCpus);

    /// <summary>What an event is answered when nobody decides otherwise: its kind's default, or Continue where that makes no sense for it. From any thread.</summary>
    public VmEventResponse DefaultFor(RequestView request)
    {
        VmEventResponse response = Volatile.Read(ref _defaults[(int)request.Kind]);
        bool applies = ReferenceEquals(response, VmEventResponse.Continue)
            || (request.IsSynchronous && ResponseRules.FindObjection(response, request, _source.Architecture) is null);
        return applies ? response : VmEventResponse.Continue;
    }

    public void SetDefault(VmEventKind kind, VmEventResponse response) =>
        _defaults[(int)kind] = response == VmEventResponse.Continue ? VmEventResponse.Continue : response;

    /// <summary>Refuses a response that this Xen knows nothing of.</summary>
    public void EnsureHostCan(VmEventResponse response)
    {
        if (ResponseRules.FindObjection(response, _layout, _source.Architecture) is { } objection) throw objection;
    }

    /// <summary>Handles the requests that are there, up to a number.</summary>
    /// <returns>How many there were.</returns>
    public int TakeRequests(int most)
    {
        long noticed = Stopwatch.GetTimestamp();
        if (noticed - _announced >= AnnouncePeriod) _announceNow = true;
        _source.Clock.LookIfDue(noticed);
        int count = 0;
        while (count < most && _channel.TryRead(_request))
        {
            count++;
            Handle(new RequestView(_request, _layout), noticed);
        }

        NoteOverwritten(noticed);
        return count;
    }

    /// <summary>Answers pending requests that were decided, have found room, or are over their deadline.</summary>
    /// <returns>True when any was answered.</returns>
    public bool Settle()
    {
        if (_pending.Count == 0) return false;
        long now = Stopwatch.GetTimestamp();
        int looked = 0;
        int kept = 0;
        _full.Clear();
        try
        {
            while (looked < _pending.Count)
            {
                PendingRequest pending = _pending[looked++];
                if (!TrySettle(pending, now)) _pending[kept++] = pending;
            }
        }
        finally
        {
            // Also when settling one failed, which has been answered all the same: none is answered twice.
            _pending.RemoveRange(kept, looked - kept);
        }

        return kept < looked;
    }

    /// <summary>Tells Xen of all responses since the last time.</summary>
    public void Flush()
    {
        if (_unflushed.Count == 0) return;
        _channel.Flush();
        long now = Stopwatch.GetTimestamp();
        foreach ((long readAt, VmEvent? vmEvent) in _unflushed)
        {
            _statistics.OnAnswered(now - readAt);
            vmEvent?.SetAnswered(now);
        }

        _unflushed.Clear();
    }

    /// <summary>Wakes the consumers of what was delivered: at once when somebody has to answer, or a while after the last time.</summary>
    public void AnnounceDue()
    {
        if (_announceNow) Announce();
    }

    /// <summary>Wakes the consumers of what was delivered.</summary>
    public void Announce()
    {
        _announceNow = false;
        _announced = Stopwatch.GetTimestamp();
        foreach (EventSubscription subscription in _subscriptions) subscription.Announce();
    }

    private void Handle(RequestView request, long noticed)
    {
        EnsurePlausible(request);
        long now = Stopwatch.GetTimestamp();
        _statistics.OnRead(request.Kind, request.VCpuId, now - noticed);
        bool held = FindWanting(request);
        VmEventResponse response = DefaultFor(request);
        if (_wanting.Count == 0)
        {
            Answer(request, response, now, vmEvent: null);
            return;
        }

        VmEvent vmEvent = VmEventFactory.Create(_source, request, now);
        if (held) vmEvent.Hold();
        else vmEvent.SetDefault(response);
        PendingRequest? pending = Deliver(vmEvent, now);
        if (held)
        {
            _statistics.OnHeld();
            _announceNow = true;
            pending ??= new PendingRequest(vmEvent, now);
        }

        if (pending is null) Answer(request, response, now, vmEvent);
        else _pending.Add(pending);
    }

    /// <summary>Finds the subscriptions that want to see a request.</summary>
    /// <returns>Whether one of them holds it.</returns>
    private bool FindWanting(RequestView request)
    {
        bool held = false;
        _wanting.Clear();
        foreach (EventSubscription subscription in _subscriptions)
        {
            if (!subscription.Wants(request)) continue;
            _wanting.Add(subscription);
            held |= subscription.Watch.Hold && request.IsSynchronous && !subscription.IsStuck;
        }

        return held;
    }

    private void Abandon(VmEvent vmEvent, List<EventSubscription> undelivered)
    {
        vmEvent.Abandon();
        foreach (EventSubscription subscription in undelivered)
        {
            if (!subscription.TryDeliver(vmEvent)) Drop(subscription, vmEvent);
        }
    }

    /// <summary>Puts an event into the buffers of those who want it.</summary>
    /// <returns>What waits for room, null when nothing does.</returns>
    private PendingRequest? Deliver(VmEvent vmEvent, long readAt)
    {
        bool canWait = vmEvent.IsSynchronous || _channel.AnswersAll;
        PendingRequest? pending = null;
        foreach (EventSubscription subscription in _wanting)
        {
            // Not past an older event that waits for this buffer's room.
            if (!IsAwaited(subscription) && subscription.TryDeliver(vmEvent)) continue;
            if (!canWait || subscription.IsStuck)
            {
                Drop(subscription, vmEvent);
                continue;
            }

            pending ??= new PendingRequest(vmEvent, readAt);
            pending.Undelivered.Add(subscription);
        }

        return pending;
    }

    /// <summary>Whether an event waits for room in its buffer. No lambda: it would be two objects an event.</summary>
    private bool IsAwaited(EventSubscription subscription)
    {
        foreach (PendingRequest pending in _pending)
        {
            if (pending.Undelivered.Contains(subscription)) return true;
        }

        return false;
    }

    private bool TrySettle(PendingRequest pending, long now)
    {
        VmEvent vmEvent = pending.Event;
        for (int i = pending.Undelivered.Count - 1; i >= 0; i--)
        {
            // Not past an older event, even if the consumer makes room just now.
            EventSubscription subscription = pending.Undelivered[i];
            if (_full.Contains(subscription)) continue;

            // First the request to be woken, then the try: the consumer may make room in between.
            subscription.AwaitRoom();
            if (subscription.TryDeliver(vmEvent)) pending.Undelivered.RemoveAt(i);
            else _full.Add(subscription);
        }

        if (now - pending.ReadAt >= _responseTimeout)
        {
            foreach (EventSubscription subscription in pending.Undelivered) Drop(subscription, vmEvent);
            pending.Undelivered.Clear();
            if (vmEvent.TryAnswer(DefaultFor(vmEvent.Request), ResponseState.TimedOut)) _statistics.OnTimedOut();
        }

        if (pending.Undelivered.Count > 0 || !vmEvent.IsDecided) return false;
        Answer(vmEvent.Request, vmEvent.Response!, pending.ReadAt, vmEvent);
        return true;
    }

    private void ReleaseHeld(Predicate<VmEvent> applies)
    {
        foreach (PendingRequest pending in _pending)
        {
            if (applies(pending.Event)) pending.Event.TryAnswer(DefaultFor(pending.Event.Request), ResponseState.Released);
        }
    }

    private void Drop(EventSubscription subscription, VmEvent vmEvent)
    {
        bool continues = subscription.Drop();
        _statistics.OnDropped();
        NoteLoss(LossReason.Dropped, 1, vmEvent.Time, vmEvent.Time, continues);
    }

    private void NoteOverwritten(long noticed)
    {
        long more = _channel.Overwritten - _overwritten;
        if (more > 0)
        {
            _overwritten += more;
            foreach (EventSubscription subscription in _subscriptions) subscription.CountOverwritten(more);
            NoteLoss(LossReason.Overwritten, more, _source.TimeOf(_lookedBefore), _source.TimeOf(Stopwatch.GetTimestamp()), continues: false);
        }

        _lookedBefore = noticed;
    }

    private void NoteLoss(LossReason reason, long events, DateTimeOffset from, DateTimeOffset to, bool continues) =>
        _source.Losses.Add(new EventLoss(_source.Domain, _source.DomainId, reason, events, from, to), continues);

    private void Answer(RequestView request, VmEventResponse response, long readAt, VmEvent? vmEvent)
    {
        Span<byte> bytes = _response.AsSpan(0, _layout.Size);
        try
        {
            _composer.Compose(request, response, bytes);
        }
        catch (XenException)
        {
            // What belongs to the answer failed, but the vCPU must not stay paused for it.
            new ResponseWriter(bytes, _layout).Begin(request);
            Send(request, bytes, readAt, vmEvent);
            throw;
        }

        Send(request, bytes, readAt, vmEvent);
    }

    private void Send(RequestView request, ReadOnlySpan<byte> response, long readAt, VmEvent? vmEvent)
    {
        Span<byte> target = _channel.ResponseTo(request.VCpuId, request.IsSynchronous);
        if (!target.IsEmpty) response.CopyTo(target);
        _unflushed.Add((readAt, vmEvent));
    }

    private void EnsurePlausible(RequestView request)
    {
        if (request.Version == _layout.Version && request.VCpuId < VCpus) return;
        throw new XenException(
            XenErrorId.CorruptChannel,
            $"A request is corrupt: interface version {request.Version} (expected {_layout.Version}), vCPU {request.VCpuId} of {VCpus}.",
            "The session has ended; start it again, and report this with the versions of Xen and XenVmEvent.");
    }
}
