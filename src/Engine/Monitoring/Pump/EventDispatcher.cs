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
    /// <summary>Requests handled before responses are shown to Xen.</summary>
    public const int BatchSize = 64;

    /// <summary>
    /// How long a consumer that sleeps may sleep on after it was woken last. Waking it for each event takes longer than
    /// handling the event; where there is one processor it keeps the guest waiting too.
    /// </summary>
    private static readonly long AnnouncePeriod = Stopwatch.Frequency / 1000;

    private readonly MonitorChannel _channel;
    private readonly ResponseSender _sender;
    private readonly DefaultAnswers _defaults;
    private readonly StatisticsCollector _statistics;
    private readonly SessionSource _source;
    private readonly VmEventLayout _layout;
    private readonly int _vcpus;
    private readonly PendingRequests _pending;
    private readonly EventLosses _losses;
    private readonly Action<PendingRequest> _answer;
    private readonly List<EventSubscription> _subscriptions = [];
    private readonly List<EventSubscription> _wanting = [];
    private readonly byte[] _request = new byte[VmEventLayout.LargestSize];
    private long _announced;
    private bool _announceNow;

    public EventDispatcher(
        MonitorChannel channel,
        AnswerEffects effects,
        DefaultAnswers defaults,
        StatisticsCollector statistics,
        SessionSource source,
        TimeSpan responseTimeout,
        int vcpus)
    {
        _channel = channel;
        _sender = new ResponseSender(channel, effects, statistics, source.Layout);
        _defaults = defaults;
        _statistics = statistics;
        _source = source;
        _layout = source.Layout;
        _vcpus = vcpus;
        _losses = new EventLosses(source, statistics);
        _pending = new PendingRequests(defaults, _losses, statistics, responseTimeout);
        _answer = pending => _sender.Send(pending.Event.Request, pending.Event.Response!, pending.ReadAt, pending.Event);
    }

    public IReadOnlyList<EventSubscription> Subscriptions => _subscriptions;

    /// <inheritdoc cref="PendingRequests.NextDeadline"/>
    public long? NextDeadline => _pending.NextDeadline;

    /// <summary>When a consumer that sleeps is to be woken; null when all know of all that was delivered.</summary>
    public long? NextAnnouncement => IsUnannounced ? _announced + AnnouncePeriod : null;

    private bool IsUnannounced
    {
        get
        {
            foreach (EventSubscription subscription in _subscriptions)
            {
                if (subscription.IsUnannounced) return true;
            }

            return false;
        }
    }

    public void Add(EventSubscription subscription) => _subscriptions.Add(subscription);

    /// <summary>Stops showing events to a subscription; what only it held gets its default.</summary>
    public void Remove(EventSubscription subscription)
    {
        if (!_subscriptions.Remove(subscription)) return;
        _pending.Forget(subscription);
        if (subscription.Watch.Hold) _pending.Release(e => !_subscriptions.Exists(s => s.Watch.Hold && s.Wants(e.Request)));
        subscription.Complete();
    }

    /// <summary>Handles the requests that are there, up to a number.</summary>
    /// <returns>How many there were.</returns>
    public int TakeRequests(int most)
    {
        long noticed = Stopwatch.GetTimestamp();
        _source.Clock.LookIfDue(noticed);
        int count = 0;
        while (count < most && _channel.TryRead(_request))
        {
            count++;
            Handle(new RequestReader(_request, _layout), noticed);
        }

        _losses.NoteOverwritten(_channel.Overwritten, _subscriptions, noticed);
        if (noticed - _announced >= AnnouncePeriod && IsUnannounced) _announceNow = true;
        return count;
    }

    /// <inheritdoc cref="PendingRequests.Settle"/>
    public bool Settle() => _pending.Settle(_answer);

    /// <inheritdoc cref="ResponseSender.Flush"/>
    public void Flush() => _sender.Flush();

    /// <summary>Wakes the consumers of what was delivered: at once when somebody has to answer, or a while after the last time.</summary>
    public void AnnounceDue()
    {
        if (!_announceNow) return;
        _announceNow = false;
        _announced = Stopwatch.GetTimestamp();
        foreach (EventSubscription subscription in _subscriptions) subscription.Announce();
    }

    /// <summary>Gives everything that waits its default.</summary>
    public void ReleaseAll()
    {
        _pending.ReleaseAll();
        Settle();
    }

    /// <summary>The domain or its monitor is gone: shows what is still in the channel, as far as there is room, and answers nothing.</summary>
    /// <returns>Whether a vCPU was left to wait for an answer.</returns>
    public bool Abandon()
    {
        bool anyWaits = _pending.Any;
        foreach (PendingRequest pending in _pending.TakeAll()) Abandon(pending.Event, pending.Undelivered);
        for (int left = _channel.Capacity; left > 0 && _channel.TryRead(_request); left--)
        {
            RequestReader request = new(_request, _layout);
            anyWaits |= request.IsSynchronous;
            EnsurePlausible(request);
            _statistics.OnRead(request.Kind, request.VCpuId, waited: 0);
            FindWanting(request);
            if (_wanting.Count == 0) continue;
            VmEvent vmEvent = VmEventFactory.Create(_source, request, Stopwatch.GetTimestamp());
            vmEvent.Hold();
            Abandon(vmEvent, _wanting);
        }

        _losses.NoteOverwritten(_channel.Overwritten, _subscriptions, Stopwatch.GetTimestamp());
        return anyWaits;
    }

    /// <summary>Answers what cannot be read any more, so that vCPUs which queue for room get on.</summary>
    public void MakeRoom() => _channel.MakeRoom(_vcpus);

    private void Handle(RequestReader request, long noticed)
    {
        EnsurePlausible(request);
        long now = Stopwatch.GetTimestamp();
        _statistics.OnRead(request.Kind, request.VCpuId, now - noticed);
        bool held = FindWanting(request);
        VmEventResponse response = _defaults.For(request);
        if (_wanting.Count == 0)
        {
            _sender.Send(request, response, now, vmEvent: null);
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

        if (pending is null) _sender.Send(request, response, now, vmEvent);
        else _pending.Add(pending);
    }

    /// <summary>Finds the subscriptions that want to see a request.</summary>
    /// <returns>Whether one of them holds it.</returns>
    private bool FindWanting(RequestReader request)
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

    /// <summary>Puts an event into the buffers of those who want it.</summary>
    /// <returns>What waits for room, null when nothing does.</returns>
    private PendingRequest? Deliver(VmEvent vmEvent, long readAt)
    {
        bool canWait = vmEvent.IsSynchronous || _channel.AnswersAll;
        PendingRequest? pending = null;
        foreach (EventSubscription subscription in _wanting)
        {
            // Not past an older event that waits for this buffer's room.
            if (!_pending.IsAwaited(subscription) && subscription.TryDeliver(vmEvent)) continue;
            if (!canWait || subscription.IsStuck)
            {
                _losses.Drop(subscription, vmEvent);
                continue;
            }

            pending ??= new PendingRequest(vmEvent, readAt);
            pending.Undelivered.Add(subscription);
        }

        return pending;
    }

    private void Abandon(VmEvent vmEvent, List<EventSubscription> undelivered)
    {
        vmEvent.Abandon();
        foreach (EventSubscription subscription in undelivered)
        {
            if (!subscription.TryDeliver(vmEvent)) _losses.Drop(subscription, vmEvent);
        }
    }

    private void EnsurePlausible(RequestReader request)
    {
        if (request.Version == _layout.Version && request.VCpuId < _vcpus) return;
        throw new XenException(
            XenErrorId.CorruptChannel,
            $"A request is corrupt: interface version {request.Version} (expected {_layout.Version}), vCPU {request.VCpuId} of {_vcpus}.",
            "The session has ended; start it again, and report this with the versions of Xen and XenVmEvent.");
    }
}
