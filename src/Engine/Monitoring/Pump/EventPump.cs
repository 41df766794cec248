using System.Diagnostics;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// The one thread that touches a session's monitor. It takes requests, sends responses and, between them, does what
/// other threads ask for. There is only one, because Xen can deadlock when one thread notifies while another disables.
/// </summary>
internal sealed class EventPump : IHeldEvents, ISubscriptionOwner
{
    /// <summary>
    /// The longest sleep. Then it asks whether the monitor is still this session's. If a signal was lost, the guest waits
    /// no longer than this, which is the default deadline.
    /// </summary>
    private static readonly TimeSpan LongestSleep = MonitorOptions.DefaultResponseTimeout;

    private readonly Lock _gate = new();
    private readonly PumpQueue _queue;
    private readonly IHypervisor _hypervisor;
    private readonly XenDomain _domain;
    private readonly IDomainMonitor _monitor;
    private readonly MonitorChannel _channel;
    private readonly WaitStrategy _wait;
    private readonly DefaultAnswers _defaults;
    private readonly EventDispatcher _dispatcher;
    private readonly EventClock _clock;
    private readonly EventSwitches _switches;
    private readonly SessionViews _views;
    private readonly GuestBreakpoints _breakpoints;
    private readonly WatchSetup _setup;
    private readonly RuleBeginnings _beginnings;
    private readonly StatisticsCollector _statistics;
    private readonly Thread _thread;
    private readonly List<EventSubscription> _policies = [];
    private readonly long _start = Stopwatch.GetTimestamp();
    private long _asked;
    private bool _stopping;

    public EventPump(IDomainMonitor monitor, IHypervisor hypervisor, XenDomain domain, MonitorOptions options)
    {
        _hypervisor = hypervisor;
        _domain = domain;
        _monitor = monitor;
        Capabilities = monitor.Capabilities;
        _channel = MonitorChannel.Open(monitor, hypervisor.Layout, domain.VCpus);
        _switches = new EventSwitches(monitor, hypervisor.Layout, domain.VCpus);
        _views = new SessionViews(monitor, _switches, domain, options.Warn);
        _breakpoints = new GuestBreakpoints(hypervisor, domain, monitor, _views, _switches, options);
        _setup = new WatchSetup(_switches, _views, _breakpoints);
        _queue = new PumpQueue(Wake);
        _beginnings = new RuleBeginnings(hypervisor, domain, _setup, _queue, options.Warn);
        _statistics = new StatisticsCollector(domain.VCpus);
        SessionSource source = new(
            domain.Id, domain.Name, hypervisor.Layout, hypervisor.Architecture, this, new LossLog(isComplete: true), options.Clock);
        _clock = source.Clock;
        Losses = source.Losses;
        _wait = new WaitStrategy(_channel, monitor.Ports);
        _defaults = new DefaultAnswers(hypervisor.Architecture);
        _dispatcher = new EventDispatcher(
            _channel,
            new AnswerEffects(monitor, _views, _switches, _breakpoints, new InterruptDelivery(hypervisor, domain, monitor), hypervisor.Architecture),
            _defaults,
            _statistics,
            source,
            options.ResponseTimeout / Turns(domain.VCpus, _channel.Room),
            domain.VCpus);
        if (options.ListenerRequired) monitor.SetAccessRequired(true);
        ListenerRequired = options.ListenerRequired;
        _thread = new Thread(Run) { Name = $"vm_event {domain.Name}", IsBackground = true };
    }

    /// <summary>Raised by the pump's thread as its last act.</summary>
    public event Action? Ended;

    public bool ListenerRequired { get; }

    public LossLog Losses { get; }

    public MonitorCapabilities Capabilities { get; }

    /// <summary>How the session ended; null while it runs.</summary>
    public SessionEnd? End => _queue.End;

    /// <summary>The subscriptions whose rules decide, in the order in which they came. From any thread.</summary>
    public IReadOnlyList<EventSubscription> Policies
    {
        get
        {
            lock (_gate) return [.. _policies];
        }
    }

    public void Start() => _thread.Start();

    /// <summary>Ends the session, and waits until the guest is free and everything is given back.</summary>
    public void Stop()
    {
        Volatile.Write(ref _stopping, true);
        Wake();
        if (Thread.CurrentThread != _thread) _thread.Join();
    }

    public EventSubscription Subscribe(EventWatch watch, ArrivalSignal? arrival)
    {
        EventSubscription subscription = new(this, watch, new EventFilter(watch, _hypervisor.Architecture), arrival);
        Begin(subscription);
        return subscription;
    }

    /// <summary>Has rules decide, in the order in which policies came.</summary>
    public EventSubscription Subscribe(EventRules rules, int bufferSize, ArrivalSignal? arrival, bool dropsWhenFull)
    {
        RuleDecider decider = Prepare(rules, Policies.Any(policy => policy.Decider!.HasBooted));
        EventWatch all = new() { Kinds = [.. rules.Rules.SelectMany(rule => rule.Watch.Kinds).Distinct()], BufferSize = bufferSize };
        EventSubscription subscription = new(this, all, new EventFilter(all, _hypervisor.Architecture), arrival) { DropsWhenFull = dropsWhenFull };
        subscription.DecideBy(decider);
        Begin(subscription);
        lock (_gate) _policies.Add(subscription);
        return subscription;
    }

    /// <summary>Replaces a subscription's rules. Each event is decided by the old rules or by the new ones.</summary>
    public void Replace(EventSubscription subscription, EventRules rules)
    {
        RuleDecider next = Prepare(rules, subscription.Decider!.HasBooted);
        FilteredWatch[] added = [.. next.Watches];
        IReadOnlyList<FilteredWatch> removed = [];
        _queue.Invoke(() => _setup.Enable(added));
        try
        {
            ChangeGuest(added);
        }
        catch
        {
            GiveBack(added);
            throw;
        }

        _queue.Invoke(() =>
        {
            removed = Close(subscription);
            subscription.DecideBy(next);
        });
        GiveBack(removed);
    }

    public void Unsubscribe(EventSubscription subscription)
    {
        lock (_gate) _policies.Remove(subscription);
        try
        {
            IReadOnlyList<FilteredWatch> removed = [];
            _queue.Invoke(() => removed = Close(subscription));
            GiveBack(removed);
            _queue.Invoke(() => _dispatcher.Remove(subscription));
        }
        catch (XenException e) when (e.Id == XenErrorId.SessionEnded)
        {
            // The end of the session has already done all this.
        }
        catch (XenException)
        {
            // Xen refused to switch something off, so the subscription cannot end alone. The whole session ends.
            Stop();
        }
    }

    public void SetDefault(Abi.VmEventKind kind, VmEventResponse response, AnswerCondition? condition) =>
        _queue.Invoke(() =>
        {
            EnsurePossible(response);
            if (response.Action == VmEventAction.Deny) _switches.DeferRegisterWrites();
            _defaults.Set(kind, response, condition);
        });

    /// <summary>Refuses an answer that this host or this session cannot give. Called by the pump's thread.</summary>
    private void EnsurePossible(VmEventResponse response)
    {
        if (ResponseRules.FindObjection(response, _hypervisor.Layout, _hypervisor.Architecture) is { } unknown) throw unknown;
        if (FindObjection(response) is { } objection) throw objection;
    }

    /// <summary>Switches on what a subscription needs, or nothing if it fails.</summary>
    private void Begin(EventSubscription subscription)
    {
        _queue.Invoke(() =>
        {
            _setup.Enable(subscription.Watches);
            _dispatcher.Add(subscription);
        });
        try
        {
            ChangeGuest(subscription.Watches);
        }
        catch
        {
            Unsubscribe(subscription);
            throw;
        }
    }

    /// <summary>Restricts the pages and sets the breakpoints of watches.</summary>
    private void ChangeGuest(IReadOnlyList<FilteredWatch> watches)
    {
        foreach (FilteredWatch one in watches)
        {
            // If the domain ends now, a watch that needs nothing more still shows the events that it has.
            if (one.Filter.Sites is not null || one.Filter.Pages is not null) _queue.Invoke(() => _setup.ChangeGuest(one));
        }
    }

    private void GiveBack(IReadOnlyList<FilteredWatch> watches)
    {
        foreach (FilteredWatch one in watches) _queue.Invoke(() => _setup.GiveBack(one));
    }

    /// <summary>Begins no more rules of a subscription. Called by the pump's thread.</summary>
    /// <returns>What is switched on for it.</returns>
    private static IReadOnlyList<FilteredWatch> Close(EventSubscription subscription)
    {
        subscription.Decider?.Close();
        return subscription.Watches;
    }

    /// <summary>Refuses rules whose answers this session cannot give, and makes register writes wait for a denial.</summary>
    private RuleDecider Prepare(EventRules rules, bool hasBooted)
    {
        _queue.Invoke(() =>
        {
            if (!rules.Enforces) return;
            foreach (EventRule rule in rules.Rules)
            {
                if (rule.Answer is { } answer) EnsurePossible(answer);
            }

            if (rules.Rules.Any(rule => rule.Denies)) _switches.DeferRegisterWrites();
        });
        RuleDecider decider = new(rules, _hypervisor.Architecture, _start, Stopwatch.GetTimestamp(), hasBooted);
        _queue.Invoke(() => _beginnings.LocateDue(decider));
        return decider;
    }

    public VmEventResponse DefaultFor(VmEvent vmEvent) => _defaults.For(vmEvent.Request);

    public MonitorStatistics GetStatistics()
    {
        MonitorStatistics? statistics = null;
        try
        {
            _queue.Invoke(() => statistics = Snapshot());
        }
        catch (XenException e) when (e.Id == XenErrorId.SessionEnded)
        {
            statistics = Snapshot();
        }

        return statistics!;

        MonitorStatistics Snapshot() => _statistics.Snapshot(_channel.Overwritten, _dispatcher.HeldNow);
    }

    /// <summary>Has the pump's thread do something with the views, and waits until it is done.</summary>
    public T Do<T>(Func<SessionViews, T> action)
    {
        T result = default!;
        _queue.Invoke(() => result = action(_views));
        return result;
    }

    /// <summary>The same, one step at a time, with events in between.</summary>
    public void DoSteps(Func<SessionViews, IEnumerable<int>> steps) => _queue.Invoke(() => steps(_views));

    /// <inheritdoc cref="WaitStrategy.Wake"/>
    public void Wake() => _wait.Wake();

    void IHeldEvents.OnAnswered() => Wake();

    XenException? IHeldEvents.FindObjection(VmEventResponse response) => FindObjection(response);

    private XenException? FindObjection(VmEventResponse response) => _switches.FindObjection(response) ?? _views.FindObjection(response);

    private void Run()
    {
        XenException? failure = null;
        try
        {
            Pump();
        }
        catch (Exception e)
        {
            // Whatever went wrong, the guest comes first: the session ends as in an orderly stop.
            failure = XenException.From(e);
        }

        _wait.Close();
        SessionTeardown teardown = new(_hypervisor, _domain, _monitor, _dispatcher, _switches, _views, _breakpoints, ListenerRequired);
        teardown.Run(hasFailed: failure is not null);
        Finish(SessionEnd.Of(teardown, failure));
    }

    private void Pump()
    {
        while (!Volatile.Read(ref _stopping))
        {
            _wait.BeginRound();
            bool busy = _dispatcher.Settle();
            busy |= _dispatcher.TakeRequests(EventDispatcher.BatchSize) > 0;
            _dispatcher.Flush();
            _dispatcher.Announce();
            _views.RestrictLifted();
            _switches.RestoreLifted();
            _breakpoints.DoDue();
            BeginDueRules();
            busy |= _queue.Step();
            if (busy || _wait.Look()) continue;
            Sleep();
            if (_monitor.Ports.TakeDomainNews() && _monitor.DomainState != DomainState.Running) return;
            if (IsCutOff()) return;
        }
    }

    /// <summary>
    /// Whether somebody else has disabled the monitor. Asks Xen when nothing happens, at most once a second.
    /// </summary>
    private bool IsCutOff()
    {
        if (Stopwatch.GetElapsedTime(_asked) < LongestSleep) return false;
        _asked = Stopwatch.GetTimestamp();
        return !_monitor.IsConnected;
    }

    private void BeginDueRules()
    {
        for (int i = 0; i < _dispatcher.Subscriptions.Count; i++)
        {
            if (_dispatcher.Subscriptions[i].Decider is { } decider) _beginnings.BeginDue(decider);
        }
    }

    private void Sleep()
    {
        TimeSpan timeout = LongestSleep;
        long now = Stopwatch.GetTimestamp();
        WakeBy(_dispatcher.NextDeadline);
        WakeBy(_dispatcher.NextBeginning);
        WakeBy(_breakpoints.NextTime);
        if ((_switches.HasLifted || _views.HasLifted || _breakpoints.HasLifted) && timeout > BriefLift.ShortestLift) timeout = BriefLift.ShortestLift;
        if (timeout <= TimeSpan.Zero) return;
        _wait.Sleep(timeout);
        _clock.Look(); // The host may have slept too.

        void WakeBy(long? time)
        {
            if (time is not { } due) return;
            TimeSpan left = Stopwatch.GetElapsedTime(now, due);
            if (left < timeout) timeout = left;
        }
    }

    private void Finish(SessionEnd end)
    {
        _queue.Close(end);
        foreach (EventSubscription subscription in _dispatcher.Subscriptions) subscription.Complete();
        Ended?.Invoke();
    }

    /// <summary>
    /// The number of answers that a vCPU may have to wait for, its own included. If there is no room, it first waits
    /// for those of the vCPUs before it. Together they must not take longer than the response timeout.
    /// </summary>
    private static int Turns(int vcpus, int room) => (vcpus + room - 1) / room;
}
