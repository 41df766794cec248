using System.Diagnostics;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// The one way every session ends: stop new events, give pages their access back, answer what is pending and what still
/// comes, disable, unmap, close; and if a vCPU can have been left without its answer, resume all. Each step is tried even
/// when an earlier one failed. A domain that has shut down gets everything back too, for one that was suspended may go on;
/// of one that was destroyed nothing is left.
/// </summary>
internal sealed class SessionTeardown(
    IHypervisor hypervisor,
    XenDomain domain,
    IDomainMonitor monitor,
    EventDispatcher dispatcher,
    EventSwitches switches,
    SessionViews views,
    bool listenerRequired)
{
    /// <summary>How long answering and disabling are tried at most.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(2);

    /// <summary>How long a vCPU may take to run on: it may not run at all, as in a domain that somebody has paused.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(200);

    private readonly Attempts _attempts = new();
    private bool _channelBroken;
    private bool _someUnanswered;

    /// <summary>What failed.</summary>
    public IReadOnlyList<XenException> Failures => _attempts.Failures;

    /// <summary>Whether the domain runs, or how it ended, before or with what ended the session.</summary>
    public DomainState DomainState { get; private set; }

    /// <summary>What is to be said when somebody else had disabled the monitor before; else null.</summary>
    public XenException? CutOff { get; private set; }

    /// <param name="hasFailed">Something failed before; it may have been by the domain's end, which shows only later.</param>
    public void Run(bool hasFailed)
    {
        DomainState = FindDomainState();
        bool isGone = IsDomainGone();
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

        // Also of a domain that lives on: what its vCPUs asked for in the last moment.
        _attempts.Try(() => _someUnanswered |= dispatcher.Abandon());
        isGone = IsDomainGone();
        if (CutOff is not null && !isGone) _attempts.Try(FreeUnlessListened);
        if ((hasFailed || isGone) && DomainState == DomainState.Running) DomainState = FindDomainState();
        if (isGone) _attempts.Forget(); // Some steps came too late, or all.
        else if (CutOff is null && _someUnanswered && monitor.Channel == ChannelKind.Ring) _attempts.Try(ResumeVCpus);
        _attempts.Try(monitor.Dispose); // Last, for with it the guard is let go.
    }

    private void GiveBack()
    {
        foreach (EventSubscription subscription in dispatcher.Subscriptions.ToArray())
        {
            _attempts.Try(() => switches.Disable(subscription.Watch));

            // In other views there is nothing to restore: they go as they are.
            if (subscription.Watch.Pages is { View: 0 } pages) _attempts.Try(() => Restore(views.Host.Remove(pages)));
        }

        _attempts.Try(() => Restore(views.Host.RestoreAll()));
        foreach (Action step in views.GivingBack()) _attempts.Try(step);
        _attempts.Try(switches.DisableNeeded);
        if (listenerRequired) _attempts.Try(() => monitor.SetAccessRequired(false));
        _attempts.Try(dispatcher.ReleaseAll);
        long start = Stopwatch.GetTimestamp();
        while (Answer() && Stopwatch.GetElapsedTime(start) < Bound)
        {
            // Answers given before can have vCPUs step.
        }

        _attempts.Try(switches.StopStepping);
    }

    private void Restore(IEnumerable<int> steps)
    {
        // vCPUs go on touching pages meanwhile, and must not wait for the last page.
        foreach (int _ in steps) Answer();
    }

    /// <summary>
    /// Answers until nobody asks any more and every vCPU has run on since, then disables. A vCPU that waited for room in
    /// the ring is given it, but asks only when it is scheduled next, and Xen frees what it waits on with the monitor. And
    /// Xen forgets a register write whose vCPU has not run since its answer.
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

            if (TryDisable()) return;
            progress = null;
        }

        _attempts.Try(monitor.Disable);
    }

    private bool HaveVCpusRun(ref VCpuProgress? progress)
    {
        if (DomainState != DomainState.Running) return true; // None runs any more.
        try
        {
            progress ??= new VCpuProgress(monitor, domain.VCpus);
            if (progress.HaveAllRun()) return true;
            if (progress.Time <= LongestWait) return false;

            // It can be that its request, or the answer to it, was overwritten.
            _someUnanswered = true;
            return true;
        }
        catch (Exception e)
        {
            _attempts.Note(e);
            return true;
        }
    }

    /// <returns>False when it may be tried again.</returns>
    private bool TryDisable()
    {
        try
        {
            monitor.Disable();
            return true;
        }
        catch (XenException e) when (e.Errno == Errno.EBUSY || e.Id == XenErrorId.CallFailed)
        {
            // Mostly it is busy: vCPUs queue for room in the ring still.
            if (_channelBroken || _someUnanswered) _attempts.Try(dispatcher.MakeRoom);
            Thread.Sleep(1);
            return false;
        }
        catch (Exception e)
        {
            _attempts.Note(e);
            return true;
        }
    }

    /// <returns>Whether there was anything to answer, or still is.</returns>
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
    /// Switches, pages and answers are the next listener's by now. Where nobody listens, what disabling does not end is ours
    /// still: vCPUs that wait for our answer, or step, or are in our views.
    /// </summary>
    private void FreeUnlessListened()
    {
        using (IDomainControl control = hypervisor.Control(domain))
        {
            if (control.IsMonitored != false) return;
        }

        if (_someUnanswered && monitor.Channel == ChannelKind.Ring) _attempts.Try(ResumeVCpus);
        if (listenerRequired) _attempts.Try(() => monitor.SetAccessRequired(false));
        foreach (Action step in views.GivingBack()) _attempts.Try(step);
        _attempts.Try(switches.StopStepping);
    }

    private XenException CutOffBySomebody() => new(
        XenErrorId.SessionEnded,
        $"Somebody else disabled the monitor of {domain}, by a reset or as its listener.",
        "Look who else works on it, and start the session again.");

    private void ResumeVCpus()
    {
        using IDomainControl control = hypervisor.Control(domain);
        control.WhilePaused(() => VCpuResumer.ResumeVCpus(hypervisor, domain));
    }

    /// <summary>False also when it cannot be known: then everything is tried.</summary>
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
