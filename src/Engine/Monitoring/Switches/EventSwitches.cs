using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Xen's switches for events, counted. The first user of an event turns its switch on and the last one turns it off. If
/// several users want different options, the switch is set so that it covers all of them. Page access has no switch:
/// see <see cref="ViewPermissions"/>. Used by the pump's thread.
/// </summary>
internal sealed class EventSwitches(IDomainMonitor monitor, VmEventLayout layout, int vcpus)
{
    /// <summary>The interface version of Xen 4.14; earlier releases hold every watched register write back.</summary>
    private const int FirstToWriteAtOnce = 6;

    private readonly Dictionary<EventSwitch, List<SwitchOptions>> _users = [];
    private readonly Dictionary<EventSwitch, BriefLift> _lifted = [];
    private readonly HashSet<VmEventKind> _needed = [];
    private readonly VCpuStepping _stepping = new(monitor, vcpus);
    private int _pageWalksIgnored;
    private bool _registerWritesDeferred;
    private bool _ended;
    private volatile int _stepWatches;

    /// <summary>Which vCPUs step.</summary>
    public VCpuStepping Stepping => _stepping;

    /// <summary>Whether a switch waits to be turned on again.</summary>
    public bool HasLifted => _lifted.Count > 0;

    /// <summary>Makes register writes wait for their answer, so that it can deny them.</summary>
    public void DeferRegisterWrites()
    {
        if (_registerWritesDeferred) return;
        if (_users.Any(one => IsLostWhenDeferred(one.Key, one.Value[0]))) throw WritesWouldBeLost();
        monitor.DeferRegisterWrites();
        _registerWritesDeferred = true;
    }

    /// <summary>Turns on what a watch needs, or nothing if it fails.</summary>
    public void Enable(EventWatch watch)
    {
        List<(EventSwitch Switch, SwitchOptions Options)> wanted = [.. EventSwitch.NeededBy(watch)];
        foreach (VmEventKind kind in watch.Kinds) EventSwitch.EnsurePossible(kind, monitor.Capabilities);
        foreach ((EventSwitch one, SwitchOptions options) in wanted) EnsureGoesWithOthers(one, options);
        bool deferred = _registerWritesDeferred || layout.Version < FirstToWriteAtOnce;
        if (deferred && wanted.Exists(one => IsLostWhenDeferred(one.Switch, one.Options))) throw WritesWouldBeLost();
        if (watch.Hold && wanted.Exists(one => one.Switch.IsRegisterWrite)) DeferRegisterWrites();

        // Watched pages and breakpoints need emulation; an instruction that Xen cannot emulate would give the guest an
        // exception. A vCPU may emulate for its last answer after the watch has ended, so this stays until the session ends.
        if (watch.Pages is not null || watch.Breakpoints is not null) Need(VmEventKind.EmulUnimplemented);
        int done = 0;
        try
        {
            for (; done < wanted.Count; done++) Enable(wanted[done].Switch, wanted[done].Options);
            _stepping.Start(watch);
            if (watch.Pages is { IgnorePageWalks: true } && _pageWalksIgnored == 0) monitor.MonitorPageWalks(false);
        }
        catch
        {
            while (done > 0) Disable(wanted[--done].Switch, wanted[done].Options);
            throw;
        }

        if (watch.Kinds.Contains(VmEventKind.SingleStep)) _stepWatches++;
        if (watch.Pages is { IgnorePageWalks: true }) _pageWalksIgnored++;
    }

    /// <summary>Releases what a watch needed.</summary>
    public void Disable(EventWatch watch)
    {
        if (watch.Pages is { IgnorePageWalks: true } && --_pageWalksIgnored == 0) monitor.MonitorPageWalks(true);
        _stepping.Stop(watch);
        if (watch.Kinds.Contains(VmEventKind.SingleStep) && --_stepWatches == 0) _stepping.StopAll();
        foreach ((EventSwitch one, SwitchOptions options) in EventSwitch.NeededBy(watch)) Disable(one, options);
    }

    /// <summary>Turns on what the session itself needs until its end, if the host supports it.</summary>
    public void Need(VmEventKind kind)
    {
        if ((monitor.Capabilities & EventSwitch.CapabilityFor(kind)) == 0 || _needed.Contains(kind)) return;
        Enable(new EventSwitch(kind), new SwitchOptions());
        _needed.Add(kind);
    }

    /// <summary>Releases what the session itself needed.</summary>
    public void DisableNeeded()
    {
        foreach (VmEventKind kind in _needed.ToArray())
        {
            Disable(new EventSwitch(kind), new SwitchOptions());
            _needed.Remove(kind);
        }
    }

    /// <summary>Stops single-stepping of all vCPUs, whoever started it.</summary>
    public void StopStepping()
    {
        _ended = true;
        _stepping.StopAll();
    }

    /// <summary>The objection to the stepping that an answer asks for. From any thread.</summary>
    public XenException? FindObjection(VmEventResponse response)
    {
        if (!response.ToggleSingleStep && response.FastSingleStepView is null) return null;
        if ((monitor.Capabilities & MonitorCapabilities.SingleStep) == 0)
        {
            return new XenException(
                XenErrorId.NotSupported,
                "This host cannot single-step vCPUs of this domain.",
                "Run the guest on an Intel processor with the monitor trap flag.");
        }

        return response.ToggleSingleStep && _stepWatches == 0 ? new XenException(
            XenErrorId.ResponseNotApplicable,
            "Nobody watches SingleStep events of this domain, so nobody would see the steps, and a stepping vCPU gets no interrupts.",
            "Watch SingleStep events too.",
            task: RemedyTask.WatchSteps) : null;
    }

    /// <summary>Removes from an answer any stepping that nobody would see or end.</summary>
    public VmEventResponse Permit(VmEventResponse response)
    {
        if (!response.ToggleSingleStep && response.FastSingleStepView is null) return response;
        if (_ended || FindObjection(response) is not null) return new VmEventResponse(response) { ToggleSingleStep = false, FastSingleStepView = null };

        // Xen ends a fast single step only where it would raise an event for a normal one.
        if (response.FastSingleStepView is not null) Need(VmEventKind.SingleStep);
        return response;
    }

    /// <summary>
    /// Lets a vCPU get past what it stopped at. Xen would stop it there again, so the switch is off for all vCPUs until
    /// this one has run on briefly.
    /// </summary>
    public void LetPass(VmEventKind kind, uint vcpu)
    {
        EventSwitch one = new(kind);
        if (!_users.TryGetValue(one, out List<SwitchOptions>? users)) return;
        if (!_lifted.TryGetValue(one, out BriefLift? lifted))
        {
            one.Set(monitor, enable: false, users[0]);
            _lifted[one] = lifted = new BriefLift(monitor);
        }

        lifted.LetPass(vcpu);
    }

    /// <summary>Turns switches on again whose time is over.</summary>
    public void RestoreLifted()
    {
        if (_lifted.Count == 0) return;
        foreach ((EventSwitch one, BriefLift lifted) in _lifted)
        {
            if (!lifted.IsOver) continue;
            _lifted.Remove(one);
            one.Set(monitor, enable: true, Merge(_users[one]));
        }
    }

    /// <summary>
    /// Xen does a deferred write when the vCPU has been paused; a vCPU that does not wait runs on without it.
    /// </summary>
    private static bool IsLostWhenDeferred(EventSwitch one, SwitchOptions options) =>
        one.Kind == VmEventKind.WriteControlRegister && one.Selector != (uint)ControlRegister.Xcr0 && !options.Sync;

    private static XenException WritesWouldBeLost() => new(
        XenErrorId.ConflictingWatch,
        "This Xen defers watched register writes until they are answered: before Xen 4.14 always, later if they may be denied. A guest that does not wait for the answer would run on without its write.",
        "Watch writes of CR0, CR3 and CR4 so that the guest waits, or, with Xen 4.14 or later, in a session that denies no writes.");

    private static SwitchOptions Merge(IEnumerable<SwitchOptions> users) => users.Aggregate((all, one) => all.And(one));

    private void Enable(EventSwitch one, SwitchOptions options)
    {
        if (!_users.TryGetValue(one, out List<SwitchOptions>? users))
        {
            one.Set(monitor, enable: true, options);
            _users[one] = [options];
            if (one.Kind == VmEventKind.SingleStep) _stepping.MayBegin();
            return;
        }

        SwitchOptions before = Merge(users);
        Change(one, before, before.And(options));
        users.Add(options);
    }

    private void Disable(EventSwitch one, SwitchOptions options)
    {
        if (!_users.TryGetValue(one, out List<SwitchOptions>? users)) return;
        SwitchOptions before = Merge(users);
        if (users.Count > 1)
        {
            users.Remove(options);
            Change(one, before, Merge(users));
            return;
        }

        // Recorded only once it is done: what Xen refuses is tried again.
        if (!_lifted.ContainsKey(one)) one.Set(monitor, enable: false, before);
        _lifted.Remove(one);
        _users.Remove(one);
    }

    /// <summary>
    /// Xen does not change a switch that is on. The domain is paused meanwhile, so that nothing happens unseen.
    /// </summary>
    private void Change(EventSwitch one, SwitchOptions before, SwitchOptions after)
    {
        if (before == after) return;
        monitor.WhilePaused(() =>
        {
            one.Set(monitor, enable: false, before);
            one.Set(monitor, enable: true, after);
        });
    }

    private void EnsureGoesWithOthers(EventSwitch one, SwitchOptions options)
    {
        if (!_users.TryGetValue(one, out List<SwitchOptions>? users) || users[0].GoesWith(options)) return;
        throw new XenException(
            XenErrorId.ConflictingWatch,
            $"{one.Kind} events are already being watched so that the guest {(options.Sync ? "does not wait" : "waits")} for answers, and Xen has one setting for all.",
            "Watch in the same way, or end the other watch first.");
    }
}
