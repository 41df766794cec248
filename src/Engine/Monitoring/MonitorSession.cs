using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// A domain that is being monitored. Subscriptions come and go while it runs. However it ends, the guest is left as it
/// was found. Safe for use from several threads.
/// </summary>
public sealed class MonitorSession : IDisposable
{
    private static readonly TimeSpan LongestReboot = TimeSpan.FromSeconds(1);

    private readonly IHypervisor _hypervisor;
    private readonly EventPump _pump;
    private readonly EventHandler _stopAtExit;

    private MonitorSession(IHypervisor hypervisor, XenDomain domain, MonitorOptions options, ChannelKind channel, EventPump pump)
    {
        _hypervisor = hypervisor;
        Domain = domain;
        Options = options;
        Channel = channel;
        _pump = pump;
        _stopAtExit = (_, _) => Stop();
        _pump.Ended += () => AppDomain.CurrentDomain.ProcessExit -= _stopAtExit;
        AppDomain.CurrentDomain.ProcessExit += _stopAtExit;
    }

    /// <summary>The domain.</summary>
    public XenDomain Domain { get; }

    /// <summary>Its options.</summary>
    public MonitorOptions Options { get; }

    /// <summary>The channel that it uses.</summary>
    public ChannelKind Channel { get; }

    /// <summary>The events that the host can raise for the domain.</summary>
    public MonitorCapabilities Capabilities => _pump.Capabilities;

    /// <summary>When it began.</summary>
    public DateTimeOffset StartTime { get; } = DateTimeOffset.Now;

    /// <summary>The policies whose rules decide, in the order in which they came.</summary>
    public IReadOnlyList<EventSubscription> Policies => _pump.Policies;

    /// <summary>The events that somebody wanted and did not get.</summary>
    internal LossLog Losses => _pump.Losses;

    /// <summary>How it ended; null while it runs.</summary>
    public SessionEnd? End => _pump.End;

    /// <summary>Raised once it has ended, by the session's own thread.</summary>
    public event Action? Ended
    {
        add => _pump.Ended += value;
        remove => _pump.Ended -= value;
    }

    /// <summary>Enables the domain's monitor. No event is raised yet.</summary>
    /// <exception cref="XenException">It cannot be enabled; nothing has changed in the guest.</exception>
    public static MonitorSession Start(IHypervisor hypervisor, XenDomain domain, MonitorOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(hypervisor);
        ArgumentNullException.ThrowIfNull(domain);
        options ??= new MonitorOptions();
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.ResponseTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.ResponseTimeout, TimeSpan.FromMinutes(MonitorOptions.LongestResponseMinutes));
        hypervisor.EnsureCanMonitor(domain, options.Channel); // Before a guard is started, whose failure would hide this.
        IDomainMonitor monitor = hypervisor.EnableMonitor(domain, options.Channel);
        domain = domain.WithVCpus(monitor.VCpus); // The list may be wrong, and a vCPU that nobody knew of would stay paused.
        EventPump pump;
        try
        {
            pump = new EventPump(monitor, hypervisor, domain, options);
        }
        catch
        {
            using (monitor) Retry.WhileRefused(monitor.Disable);
            throw;
        }

        pump.Start();
        return new MonitorSession(hypervisor, domain, options, monitor.Channel, pump);
    }

    /// <summary>
    /// Refuses a watch that the host cannot do for a domain. It only asks and changes nothing: for use before there is
    /// a session.
    /// </summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.NotSupported"/>; <see cref="XenErrorId.DomainNotSupported"/>,
    /// <see cref="XenErrorId.DomainNotFound"/>.
    /// </exception>
    public static void EnsurePossible(IHypervisor hypervisor, XenDomain domain, EventWatch watch)
    {
        ArgumentNullException.ThrowIfNull(hypervisor);
        ArgumentNullException.ThrowIfNull(domain);
        ArgumentNullException.ThrowIfNull(watch);
        using IDomainControl control = hypervisor.Control(domain);
        MonitorCapabilities capabilities = control.Capabilities;
        foreach (VmEventKind kind in watch.Kinds) EventSwitch.EnsurePossible(kind, capabilities);
        if (watch.Breakpoints is { Hide: true } && ((capabilities & MonitorCapabilities.SingleStep) == 0 || control.CanRestrictPages == false)) throw HiddenPages.CannotHide(domain);
        if (watch.Pages is null or { Access: PageAccess.None } || control.CanRestrictPages != false) return;
        throw new XenException(
            XenErrorId.NotSupported,
            $"Access to the pages of {domain} cannot be restricted: this hardware has no page access events, or the guest has no hardware assisted paging.",
            "Page access events need an Intel processor with EPT (or arm64) and a guest with hardware assisted paging.");
    }

    /// <summary>What speaks against a rule for a domain on a host; null if nothing does. It only asks.</summary>
    public static XenException? FindObjection(IHypervisor hypervisor, XenDomain domain, EventRule rule)
    {
        ArgumentNullException.ThrowIfNull(hypervisor);
        ArgumentNullException.ThrowIfNull(rule);
        try
        {
            EnsurePossible(hypervisor, domain, rule.Watch);
            if (rule.AfterBoot) EnsurePossible(hypervisor, domain, RuleDecider.BootWatch);
            return rule.Answer is { } answer ? ResponseRules.FindObjection(answer, hypervisor.Layout, hypervisor.Architecture) : null;
        }
        catch (XenException e) when (e.Id == XenErrorId.NotSupported)
        {
            return e;
        }
    }

    /// <summary>Switches on what the watch needs; returns when that is done.</summary>
    /// <param name="watch">What to watch.</param>
    /// <param name="arrival">
    /// Wakes the consumer, for a consumer of several subscriptions. Null: the subscription has its own.
    /// </param>
    /// <exception cref="XenException">
    /// Xen cannot do it (<see cref="XenErrorId.NotSupported"/>), a page is not the domain's
    /// (<see cref="XenErrorId.InvalidGfn"/>), nor a vCPU (<see cref="XenErrorId.InvalidVCpu"/>), and others. Nothing
    /// has then changed.
    /// </exception>
    public EventSubscription Watch(EventWatch watch, ArrivalSignal? arrival = null)
    {
        ArgumentNullException.ThrowIfNull(watch);
        ArgumentOutOfRangeException.ThrowIfLessThan(watch.BufferSize, 1);
        Validate(watch);
        if (watch.Pages?.Kernel is not null) throw new ArgumentException("Only rules find parts of a kernel.", nameof(watch));
        EnsureHas(watch.SteppedVCpus);
        return _pump.Subscribe(watch, arrival);
    }

    /// <summary>
    /// Has rules decide on events until the subscription ends. Events of kinds that no rule watches, and those that no
    /// rule fits, go on as without rules. Of several policies, the one that came first is asked first.
    /// </summary>
    /// <param name="rules">The rules.</param>
    /// <param name="bufferSize">How many events may wait for the consumer, 1 or more; a full buffer slows the guest.</param>
    /// <param name="arrival">As for a watch.</param>
    /// <param name="dropsWhenFull">A full buffer does not slow the guest: events for which it has no room are dropped at once.</param>
    /// <returns>The events that rules show.</returns>
    /// <exception cref="XenException">
    /// As for a watch and for <see cref="SetDefaultResponse"/>. Nothing has then changed.
    /// </exception>
    public EventSubscription Apply(EventRules rules, int bufferSize = 4096, ArrivalSignal? arrival = null, bool dropsWhenFull = false)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentOutOfRangeException.ThrowIfLessThan(bufferSize, 1);
        Validate(rules);
        return _pump.Subscribe(rules, bufferSize, arrival, dropsWhenFull);
    }

    /// <summary>
    /// Replaces the rules of a subscription. Enforcement has no gap: every event is decided by the old rules or by the
    /// new ones.
    /// </summary>
    /// <exception cref="XenException">As for <see cref="Apply"/>. The old rules then stay.</exception>
    public void Replace(EventSubscription subscription, EventRules rules)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        ArgumentNullException.ThrowIfNull(rules);
        if (subscription.Decider is null) throw new ArgumentException("The subscription has no rules.", nameof(subscription));
        Validate(rules);
        _pump.Replace(subscription, rules);
    }

    /// <summary>Sets the answer to every event of a kind that nobody holds, or whose holder does not answer.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="response">The answer.</param>
    /// <param name="condition">
    /// Only for events that meet it; others get what was set for them before. Of several conditions that an event meets, the
    /// last one set counts. Null: for all events of the kind; conditions set before are gone.
    /// </param>
    /// <remarks>
    /// If it makes no sense for an event, such as read data for a write, the event is answered with Continue.
    /// </remarks>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.ResponseNotApplicable"/>, <see cref="XenErrorId.NotSupported"/>,
    /// <see cref="XenErrorId.SessionEnded"/>.
    /// </exception>
    public void SetDefaultResponse(VmEventKind kind, VmEventResponse response, AnswerCondition? condition = null)
    {
        ArgumentNullException.ThrowIfNull(response);
        response.EnsureAppliesTo(kind);
        _pump.SetDefault(kind, response, condition);
    }

    /// <summary>Gives a held event its default answer, if nobody has answered it.</summary>
    /// <returns>False if it was already answered.</returns>
    public bool Release(VmEvent vmEvent)
    {
        ArgumentNullException.ThrowIfNull(vmEvent);
        if (!vmEvent.TryAnswer(_pump.DefaultFor(vmEvent), ResponseState.Released)) return false;
        _pump.Wake();
        return true;
    }

    /// <summary>
    /// Makes a view of the domain's memory with its own permissions; no vCPU is in it yet. It is removed at the end of
    /// the session, when all vCPUs are switched to view 0 and altp2m is restored.
    /// </summary>
    /// <param name="access">The access of all pages in it; <see cref="MemAccess.Default"/>: as in view 0.</param>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.NotSupported"/>: there is no altp2m here, or no view left.
    /// <see cref="XenErrorId.OutOfMemory"/> and others.
    /// </exception>
    public MemoryView CreateView(MemAccess access = MemAccess.Default)
    {
        ushort view = _pump.Do(views => views.Create(access));
        if (access == MemAccess.Default) return GetView(view);
        try
        {
            _pump.DoSteps(views => views.SetAll(view, access));
        }
        catch (XenException e) when (e.Id != XenErrorId.SessionEnded)
        {
            RemoveView(view);
            throw;
        }

        return GetView(view);
    }

    /// <summary>
    /// The views: view 0, those that this session made, and other programs' views that have a vCPU in them.
    /// </summary>
    public IReadOnlyList<MemoryView> GetViews() => _pump.Do(views => views.List());

    /// <summary>Switches all vCPUs to a view.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.ViewNotFound"/> and others.</exception>
    public void SwitchToView(ushort view) => _pump.Do(views =>
    {
        views.Switch(view);
        return view;
    });

    /// <summary>Removes a view that this session made.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.ViewInUse"/>: a vCPU is in it, or it is being watched.
    /// <see cref="XenErrorId.ViewNotFound"/>.
    /// </exception>
    public void RemoveView(ushort view) => _pump.Do(views =>
    {
        views.Remove(view);
        return view;
    });

    /// <summary>
    /// The access of pages according to Xen, with one call per page, as runs of pages with the same access; pages
    /// without memory are left out.
    /// </summary>
    /// <param name="pages">The pages; none means all of the domain's.</param>
    /// <param name="view">The view; 0 is the host's own.</param>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.InvalidGfn"/>, <see cref="XenErrorId.ViewNotFound"/> and others.
    /// </exception>
    public IReadOnlyList<MemAccessRange> GetMemAccess(IReadOnlyList<GfnRange> pages, ushort view = 0)
    {
        ArgumentNullException.ThrowIfNull(pages);
        GfnRange[] ranges = [.. pages];
        List<MemAccessRange> result = [];
        _pump.DoSteps(views => views.Find(view).Read(ranges, result));
        return result;
    }

    /// <summary>
    /// Sets permissions by hand, for thousands of pages with one call, until the session ends. Watches start from
    /// these. An access that violates them is emulated or, in a view other than 0, done in view 0, and they stay.
    /// </summary>
    /// <param name="permissions">The pages and their permissions; the last entry for a page counts.</param>
    /// <param name="view">The view; 0 is the host's own.</param>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.NotSupported"/>: a permission that would crash the guest, or that this Xen does not
    /// support. <see cref="XenErrorId.InvalidGfn"/>, <see cref="XenErrorId.ViewNotFound"/> and others.
    /// </exception>
    public void SetMemAccess(IReadOnlyList<MemAccessRange> permissions, ushort view = 0)
    {
        ArgumentNullException.ThrowIfNull(permissions);
        MemAccessRange[] ranges = [.. permissions];
        foreach (MemAccessRange range in ranges) MemAccessRules.EnsureSafe(range.Access, _hypervisor.Architecture);
        _pump.DoSteps(views => views.Set(view, ranges));
    }

    /// <summary>What it has done so far.</summary>
    public MonitorStatistics GetStatistics() => _pump.GetStatistics();

    /// <summary>Ends it: everything is restored, and no vCPU is left paused. Does nothing the second time.</summary>
    /// <returns>How it ended.</returns>
    public SessionEnd Stop()
    {
        _pump.Stop();
        return _pump.End!;
    }

    /// <summary>
    /// What happened to the domain if that ended the session, for people. After a reboot it waits up to a second to
    /// tell the new id.
    /// </summary>
    /// <returns>
    /// Null: the session runs, or ended for another reason, or ended normally after replaying a recording.
    /// </returns>
    public XenException? ExplainDomainEnd(CancellationToken cancellation = default)
    {
        if (End is not { Reason: SessionEndReason.DomainEnded, DomainState: not DomainState.Replayed } end) return null;
        XenDomain? next = end.DomainState == DomainState.Rebooted ? FindSuccessor(cancellation) : null;
        string remedy = next is not null ? $"It is {next} now: watch that."
            : end.DomainState == DomainState.Suspended ? "Watch it again when it runs: it keeps its id if it was only saved (xl save -c), otherwise it gets another."
            : "Watch it again when it runs: it then has another id.";
        return new XenException(XenErrorId.SessionEnded, $"The domain {Domain} {end.DomainEnd}.", remedy);
    }

    /// <inheritdoc cref="Stop"/>
    public void Dispose() => Stop();

    /// <inheritdoc/>
    public override string ToString() => Domain.Name;

    private XenDomain? FindSuccessor(CancellationToken cancellation)
    {
        try
        {
            return _hypervisor.AwaitSuccessor(Domain, LongestReboot, cancellation);
        }
        catch (XenException)
        {
            return null; // The host does not tell.
        }
    }

    private MemoryView GetView(ushort view) => GetViews().First(v => v.View == view);

    private static void Validate(EventWatch watch)
    {
        if (watch.Kinds.Count == 0) throw new ArgumentException("The watch names no kind of event.", nameof(watch));
        if (watch.Kinds.Contains(VmEventKind.MemAccess) != watch.Pages is not null)
        {
            throw new ArgumentException("A watch of page access needs pages, and no other watch takes them.", nameof(watch));
        }

        if (watch.Breakpoints is { } breakpoints && (!watch.Kinds.Contains(VmEventKind.SoftwareBreakpoint) || breakpoints.At.Count == 0))
        {
            throw new ArgumentException("Breakpoints are for a watch of software breakpoints, one at least.", nameof(watch));
        }

        if (watch.Kinds.Contains(VmEventKind.MovToMsr) && watch.Msrs.Count == 0)
        {
            throw new ArgumentException("The watch names no model-specific register.", nameof(watch));
        }

        if (watch.Kinds.Contains(VmEventKind.WriteControlRegister) && watch.ControlRegisters.Count == 0)
        {
            throw new ArgumentException("The watch names no control register.", nameof(watch));
        }

        if (watch.SteppedVCpus.Count > 0 && !watch.Kinds.Contains(VmEventKind.SingleStep))
        {
            throw new ArgumentException("The watch makes vCPUs step but does not watch the steps.", nameof(watch));
        }

        if (watch is { Async: true, Hold: true }) throw new ArgumentException("Events that do not wait for answers cannot be held.", nameof(watch));
    }

    private void Validate(EventRules rules)
    {
        if (rules.Rules.Count == 0) throw new ArgumentException("There is no rule.", nameof(rules));
        foreach (EventRule rule in rules.Rules)
        {
            Validate(rule.Watch);
            EnsureHas(rule.Watch.SteppedVCpus);
            if (rule.Answer is not { } answer) continue;
            answer.EnsureConsistent();
            foreach (VmEventKind kind in rule.Watch.Kinds) answer.EnsureAppliesTo(kind);
        }
    }

    private void EnsureHas(IReadOnlyCollection<uint> vcpus)
    {
        foreach (uint vcpu in vcpus)
        {
            if (vcpu < Domain.VCpus) continue;
            throw new XenException(
                XenErrorId.InvalidVCpu, $"The domain {Domain} has no vCPU {vcpu}.", $"Its vCPUs are 0 to {Domain.VCpus - 1}.");
        }
    }
}
