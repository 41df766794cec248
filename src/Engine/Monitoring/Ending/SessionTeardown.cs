using System.Diagnostics;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// The only way a session ends: take breakpoints away, stop new events, restore page permissions, answer pending and
/// late requests, disable, unmap, close. If a vCPU can have been left without its answer, resume all. Each step is tried
/// even if an earlier one failed. A domain that has shut down also gets everything back, because a suspended one may go
/// on. A destroyed domain has nothing left to restore.
/// </summary>
internal sealed class SessionTeardown(
    IHypervisor hypervisor,
    XenDomain domain,
    IDomainMonitor monitor,
    EventDispatcher dispatcher,
    EventSwitches switches,
    SessionViews views,
    GuestBreakpoints breakpoints,
    bool listenerRequired)
{
    /// <summary>The longest time for answering and disabling.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long a vCPU may take to run on. It may not run at all, as in a domain that somebody has paused.
    /// </summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(200);

    private readonly Attempts _attempts = new();
    private bool _channelBroken;
    private bool _someUnanswered;

    /// <summary>
    /// Responses were made up, and may have taken the place of requests that came just then; or the time was over. Later
    /// answers make up for neither.
    /// </summary>
    private bool _mayHaveLostRequests;

    /// <summary>The steps that failed.</summary>
    public IReadOnlyList<XenException> Failures => _attempts.Failures;

    /// <summary>Whether the domain runs, or how it ended, before the session did or together with it.</summary>
    public DomainState DomainState { get; private set; }

    /// <summary>What to report if somebody else had already disabled the monitor; otherwise null.</summary>
    public XenException? CutOff { get; private set; }

    /// <summary>Whether a vCPU may still wait for an answer that nobody will give.</summary>
    private bool MayWait => _someUnanswered || _mayHaveLostRequests;

    /// <param name="hasFailed">
    /// Something failed before; the domain's end may be the reason, which shows only later.
    /// </param>
    public void Run(bool hasFailed)
    {
        DomainState = FindDomainState();
        bool isGone = IsDomainGone();
        if (!isGone) _attempts.Try(breakpoints.RemoveAll); // Also if somebody cut it off: the bytes are ours.
        if (!isGone && !monitor.IsConnected) CutOff = CutOffBySomebody();
        if (isGone || CutOff is not null)
        {
            _attempts.Try(monitor.Disable);
        }
        else
        {
            GiveBack();
            LetGo();
        }

        // Also in a domain that lives on: what its vCPUs asked for at the last moment.
        _attempts.Try(() => _someUnanswered |= dispatcher.Abandon());
        isGone = IsDomainGone();
        if (CutOff is not null && !isGone) _attempts.Try(FreeUnlessListened);
        if ((hasFailed || isGone) && DomainState == DomainState.Running) DomainState = FindDomainState();
        if (isGone) _attempts.Forget(); // Some steps came too late, or all did.
        else if (CutOff is null && MayWait && monitor.Channel == ChannelKind.Ring) _attempts.Try(ResumeVCpus);
        _attempts.Try(() => breakpoints.Close(isGone));
        _attempts.Try(monitor.Dispose); // Last, because this releases the guard.
    }

    private void GiveBack()
    {
        foreach (EventSubscription subscription in dispatcher.Subscriptions.ToArray())
        {
            foreach (FilteredWatch watched in subscription.Watches)
            {
                _attempts.Try(() => switches.Disable(watched.Watch));

                // Other views need no restoring: they are removed as they are.
                if (watched.Filter.Pages is { View: 0 } pages) _attempts.Try(() => Restore(views.Host.Remove(pages)));
            }
        }

        _attempts.Try(breakpoints.StopHiding);
        _attempts.Try(() => Restore(views.Host.RestoreAll()));
        foreach (Action step in views.GivingBack()) _attempts.Try(step);
        if (listenerRequired) _attempts.Try(() => monitor.SetAccessRequired(false));
        _attempts.Try(dispatcher.ReleaseAll);
        long start = Stopwatch.GetTimestamp();
        while (Answer() && Stopwatch.GetElapsedTime(start) < Bound)
        {
            // Earlier answers can make vCPUs step.
        }

        _attempts.Try(switches.StopStepping);
    }

    private void Restore(IEnumerable<int> steps)
    {
        // Meanwhile vCPUs access more pages, and must not wait for the last page.
        foreach (int _ in steps) Answer();
    }

    /// <summary>
    /// Answers until no requests come and every vCPU has run on since, then disables. A vCPU that waited for room in
    /// the ring may have been given room but writes its request only when it is next scheduled, and with the monitor
    /// Xen frees what it waits on. Also, Xen forgets a register write whose vCPU has not run since its answer.
    /// </summary>
    private void LetGo()
    {
        long start = Stopwatch.GetTimestamp();
        VCpuProgress? progress = null;
        while (Stopwatch.GetElapsedTime(start) < Bound)
        {
            if (Answer())
            {
                progress = null;
                continue;
            }

            if (!HaveVCpusRun(ref progress))
            {
                Thread.Sleep(1);
                continue;
            }

            // Only now: what a vCPU emulates for its last answer may fail.
            _attempts.Try(switches.DisableNeeded);
            if (TryDisable()) return;
            progress = null;
        }

        // The guest raises events faster than they can be answered, or its vCPUs hardly run. Right after an answer the
        // ring may have room for all of them; then Xen agrees to disable.
        _mayHaveLostRequests = true;
        _attempts.Try(switches.DisableNeeded);
        start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < Bound)
        {
            Answer();
            if (TryDisable()) return;
        }

        _attempts.Try(monitor.Disable);
    }

    private bool HaveVCpusRun(ref VCpuProgress? progress)
    {
        if (DomainState != DomainState.Running) return true; // No vCPU runs any more.
        try
        {
            progress ??= new VCpuProgress(monitor, domain.VCpus);
            if (progress.HaveAllRun()) return true;
            if (progress.Time <= LongestWait) return false;

            // Its request, or the answer to it, may have been overwritten.
            _someUnanswered = true;
            return true;
        }
        catch (Exception e)
        {
            _attempts.Note(e);
            return true;
        }
    }

    /// <returns>False if it may be tried again.</returns>
    private bool TryDisable()
    {
        try
        {
            monitor.Disable();
            return true;
        }
        catch (XenException e) when (e.Errno == Errno.EBUSY || e.Id == XenErrorId.CallFailed)
        {
            // Usually it is busy: vCPUs still queue for room in the ring.
            if (_channelBroken || _someUnanswered)
            {
                _mayHaveLostRequests = true;
                _attempts.Try(dispatcher.MakeRoom);
            }

            Thread.Sleep(1);
            return false;
        }
        catch (Exception e)
        {
            _attempts.Note(e);
            return true;
        }
    }

    /// <returns>Whether there was, or still is, anything to answer.</returns>
    private bool Answer()
    {
        if (_channelBroken) return false;
        try
        {
            bool any = dispatcher.TakeRequests(EventDispatcher.BatchSize) > 0;
            dispatcher.ReleaseAll();
            dispatcher.Flush();
            _someUnanswered = false;
            return any;
        }
        catch (Exception e)
        {
            XenException failure = XenException.From(e);
            _attempts.Note(failure);
            _someUnanswered = true;
            _channelBroken = failure.Id is XenErrorId.CorruptChannel or XenErrorId.Unexpected;
            if (failure.Id != XenErrorId.CallFailed) return false;
            Thread.Sleep(1);
            return true;
        }
    }

    /// <summary>
    /// Switches, pages and answers now belong to the next listener. If there is none, what disabling does not end is
    /// still ours: vCPUs that wait for our answer, that step, or that are in our views.
    /// </summary>
    private void FreeUnlessListened()
    {
        using (IDomainControl control = hypervisor.Control(domain))
        {
            if (control.IsMonitored != false) return;
        }

        if (MayWait && monitor.Channel == ChannelKind.Ring) _attempts.Try(ResumeVCpus);
        if (listenerRequired) _attempts.Try(() => monitor.SetAccessRequired(false));
        foreach (Action step in views.GivingBack()) _attempts.Try(step);
        _attempts.Try(switches.StopStepping);
    }

    private XenException CutOffBySomebody() => new(
        XenErrorId.SessionEnded,
        $"Another program disabled the monitor of {domain}, with a reset or as its listener.",
        "Find out which program it is, and start the session again.");

    private void ResumeVCpus()
    {
        using IDomainControl control = hypervisor.Control(domain);
        control.WhilePaused(() => VCpuResumer.ResumeVCpus(hypervisor, domain));
    }

    /// <summary>False also if this is unknown: then everything is tried.</summary>
    private bool IsDomainGone()
    {
        try
        {
            return !monitor.IsDomainAlive;
        }
        catch (XenException)
        {
            return false;
        }
    }

    private DomainState FindDomainState()
    {
        try
        {
            return monitor.DomainState;
        }
        catch (XenException)
        {
            return DomainState.Running;
        }
    }
}
