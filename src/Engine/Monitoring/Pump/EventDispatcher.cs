using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Decides on each request, shows it to the subscriptions that want it, and ensures that it is answered: at once, when
/// its holder answers, or at its deadline. Used by the pump's thread.
/// </summary>
internal sealed class EventDispatcher
{
    /// <summary>The maximum number of requests handled before responses are shown to Xen.</summary>
    public const int BatchSize = 64;

    /// <summary>
    /// The minimum time between two wakings of a consumer that does not have to answer. Waking it takes longer than
    /// handling an event. On a machine with one processor it also keeps the guest waiting.
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
    private RuleAtWork? _ruling;
    private RuleAtWork? _marking;
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

    /// <summary>
    /// When to wake sleeping consumers, in Stopwatch ticks; null if they know of all delivered events.
    /// </summary>
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

    /// <summary>Stops showing events to a subscription. Events that only it held get their default answer.</summary>
    public void Remove(EventSubscription subscription)
    {
        if (!_subscriptions.Remove(subscription)) return;
        _losses.NoteShed();
        _pending.Forget(subscription);
        if (subscription.Watch.Hold) _pending.Release(e => !_subscriptions.Exists(s => s.Watch.Hold && s.Wants(e.Request)));
        subscription.Complete();
    }

    /// <summary>Handles the requests that are there, up to a maximum number.</summary>
    /// <returns>The number of requests handled.</returns>
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

    /// <summary>
    /// Wakes the consumers of delivered events: at once if somebody has to answer, otherwise a millisecond after the
    /// last time.
    /// </summary>
    public void AnnounceDue()
    {
        if (!_announceNow) return;
        _announceNow = false;
        _announced = Stopwatch.GetTimestamp();
        foreach (EventSubscription subscription in _subscriptions) subscription.Announce();
    }

    /// <summary>Gives all waiting events their default answer.</summary>
    public void ReleaseAll()
    {
        _losses.NoteShed();
        _pending.ReleaseAll();
        Settle();
    }

    /// <summary>
    /// Called when the domain or its monitor is gone: shows what is still in the channel, as far as there is room, and
    /// answers nothing.
    /// </summary>
    /// <returns>Whether a vCPU still waits for an answer.</returns>
    public bool Abandon()
    {
        _losses.NoteShed();
        bool anyWaits = _pending.Any;
        foreach (PendingRequest pending in _pending.TakeAll()) Abandon(pending.Event, pending.Undelivered);
        for (int left = _channel.Capacity; left > 0 && _channel.TryRead(_request); left--)
        {
            RequestReader request = new(_request, _layout);
            anyWaits |= request.IsSynchronous;
            EnsurePlausible(request);
            _statistics.OnRead(request.Kind, request.VCpuId, waited: 0);
            long now = Stopwatch.GetTimestamp();
            FindWanting(request, now);
            if (_wanting.Count == 0) continue;
            VmEvent vmEvent = CreateEvent(request, now);
            vmEvent.Hold();
            Abandon(vmEvent, _wanting);
        }

        _losses.NoteOverwritten(_channel.Overwritten, _subscriptions, Stopwatch.GetTimestamp());
        return anyWaits;
    }

    /// <summary>Answers requests that can no longer be read, so that vCPUs that queue for room get on.</summary>
    public void MakeRoom() => _channel.MakeRoom(_vcpus);

    private void Handle(RequestReader request, long noticed)
    {
        EnsurePlausible(request);
        long now = Stopwatch.GetTimestamp();
        _statistics.OnRead(request.Kind, request.VCpuId, now - noticed);
        bool held = FindWanting(request, now);
        VmEventResponse? ruled = _ruling?.AnswerTo(request);
        VmEventResponse response = ruled ?? _defaults.For(request);
        if (_wanting.Count == 0)
        {
            _sender.Send(request, response, now, vmEvent: null, ruled is null ? null : _ruling!.Rule.ComputedRegisters);
            return;
        }

        VmEvent vmEvent = CreateEvent(request, now);
        if (ruled is not null)
        {
            response = _ruling!.Compute(ruled, request);
            vmEvent.SetByRule(response);
            held = false;
        }
        else if (held)
        {
            vmEvent.Hold();
        }
        else
        {
            vmEvent.SetDefault(response);
        }

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

    private VmEvent CreateEvent(RequestReader request, long now)
    {
        VmEvent vmEvent = VmEventFactory.Create(_source, request, now);
        vmEvent.RuleMark = (_ruling ?? _marking)?.Mark;
        return vmEvent;
    }

    /// <summary>Finds the subscriptions that want to see a request, and the rules that fit it.</summary>
    /// <returns>Whether one of the subscriptions holds it.</returns>
    private bool FindWanting(RequestReader request, long now)
    {
        bool held = false;
        _wanting.Clear();
        _ruling = null;
        _marking = null;
        foreach (EventSubscription subscription in _subscriptions)
        {
            if (subscription.Decider is { } decider)
            {
                if (Decides(decider, subscription, request, now)) _wanting.Add(subscription);
                continue;
            }

            if (!subscription.Wants(request)) continue;
            _wanting.Add(subscription);
            held |= subscription.Watch.Hold && request.IsSynchronous && !subscription.IsStuck;
        }

        return held;
    }

    /// <summary>Notes the rule that fits a request. Of several policies, the first that has an answer gives it.</summary>
    /// <returns>Whether the policy shows the event.</returns>
    private bool Decides(RuleDecider decider, EventSubscription subscription, RequestReader request, long now)
    {
        if (decider.Find(request, now) is not { } rule) return false;
        _marking ??= rule;
        if (rule.Answers) _ruling ??= rule;
        bool reports = decider.Reports(rule, now, out bool isShed);
        if (isShed) _losses.Shed(subscription, now);
        return reports;
    }

    /// <summary>Puts an event into the buffers of the subscriptions that want it.</summary>
    /// <returns>The request that waits for room in a buffer; null if none does.</returns>
    private PendingRequest? Deliver(VmEvent vmEvent, long readAt)
    {
        bool canWait = vmEvent.IsSynchronous || _channel.AnswersAll;
        PendingRequest? pending = null;
        foreach (EventSubscription subscription in _wanting)
        {
            // An event must not overtake an older one that waits for room in this buffer.
            if (!_pending.IsAwaited(subscription) && subscription.TryDeliver(vmEvent)) continue;
            if (!canWait || subscription.IsStuck || subscription.DropsWhenFull)
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
