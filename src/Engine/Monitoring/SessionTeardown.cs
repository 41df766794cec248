using System.Diagnostics;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// The one way every session ends: stop new events, give pages their access back, answer what is pending, drain until
/// quiet, disable, unmap, close. Each step is tried even when an earlier one failed. A domain that has shut down gets
/// everything back too, for one that was suspended may go on; of one that was destroyed nothing is left.
/// </summary>
internal sealed class SessionTeardown(
    IDomainMonitor monitor,
    EventDispatcher dispatcher,
    EventSwitches switches,
    SessionViews views,
    bool listenerRequired)
{
    /// <summary>How long draining, and with it disabling, is tried at most.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(2);

    /// <summary>How long nobody must have asked, where nobody has.</summary>
    private static readonly TimeSpan QuietWhenIdle = TimeSpan.FromMilliseconds(3);

    /// <summary>
    /// How long nobody must have asked, where some have: a vCPU that waited for room is given it, but asks only when it is
    /// scheduled next, and would stay paused were the monitor disabled just then. Xen's time slices are no longer than this.
    /// </summary>
    private static readonly TimeSpan QuietAfterEvents = TimeSpan.FromMilliseconds(30);

    /// <summary>How long a vCPU may take to run on after its register write was answered.</summary>
    private static readonly TimeSpan RunOn = TimeSpan.FromMilliseconds(100);

    private readonly List<XenException> _failures = [];
    private bool _channelBroken;

    /// <summary>What failed.</summary>
    public IReadOnlyList<XenException> Failures => _failures;

    /// <summary>Whether the domain runs, or how it ended, before or with what ended the session.</summary>
    public DomainState DomainState { get; private set; }

    /// <param name="hasFailed">Something failed before; it may have been by the domain's end, which shows only later.</param>
    public void Run(bool hasFailed)
    {
        DomainState = FindDomainState();
        if (!IsDomainGone())
        {
            foreach (EventSubscription subscription in dispatcher.Subscriptions.ToArray())
            {
                Attempt(() => switches.Disable(subscription.Watch));

                // In other views there is nothing to restore: they go as they are.
                if (subscription.Watch.Pages is { View: 0 } pages) Attempt(() => Restore(views.Host.Remove(pages)));
            }

            Attempt(() => Restore(views.Host.RestoreAll()));
            foreach (Action step in views.GivingBack()) Attempt(step);
            Attempt(switches.DisableNeeded);

            if (listenerRequired) Attempt(() => monitor.SetAccessRequired(false));
            Attempt(dispatcher.ReleaseAll);
            Drain();
            Attempt(switches.StopStepping);
            LetRegisterWritesHappen();
        }

        Disable();
        if (IsDomainGone()) _failures.Clear(); // Some steps came too late, or all.
        if (hasFailed && DomainState == DomainState.Running) DomainState = FindDomainState();
        Attempt(monitor.Dispose);
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

    private void Restore(IEnumerable<int> steps)
    {
        // vCPUs go on touching pages meanwhile, and must not wait for the last page.
        foreach (int _ in steps) Answer();
    }

    /// <summary>Answers until nobody asks any more.</summary>
    private void Drain()
    {
        long start = Stopwatch.GetTimestamp();
        long last = start;
        TimeSpan quiet = QuietWhenIdle;
        while (Stopwatch.GetElapsedTime(start) < Bound)
        {
            if (Answer())
            {
                last = Stopwatch.GetTimestamp();
                quiet = QuietAfterEvents;
                continue;
            }

            if (Stopwatch.GetElapsedTime(last) >= quiet) return;
            Thread.Sleep(1);
        }
    }

    /// <summary>Xen forgets a register write whose vCPU has not run since the answer when the monitor is disabled.</summary>
    private void LetRegisterWritesHappen()
    {
        if (dispatcher.LastRegisterWrite == 0 || Stopwatch.GetElapsedTime(dispatcher.LastRegisterWrite) > TimeSpan.FromSeconds(1)) return;
        Attempt(() =>
        {
            ulong[] ranBefore = [.. Enumerable.Range(0, dispatcher.VCpus).Select(v => monitor.GetVCpuRunTime((uint)v))];
            long start = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(start) < RunOn)
            {
                if (ranBefore.Index().All(v => monitor.GetVCpuRunTime((uint)v.Index) != v.Item)) return;
                Thread.Sleep(1);
            }
        });
    }

    private void Disable()
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                monitor.Disable();
                return;
            }
            catch (XenException e) when (e.Errno == "EBUSY" && Stopwatch.GetElapsedTime(start) < Bound)
            {
                // vCPUs queue for room in the ring still.
                Drain();
            }
            catch (Exception e)
            {
                _failures.Add(XenException.From(e));
                return;
            }
        }
    }

    private bool Answer()
    {
        if (_channelBroken) return false;
        bool any = false;
        try
        {
            any = dispatcher.TakeRequests(EventPump.BatchSize) > 0;
            dispatcher.ReleaseAll();
            dispatcher.Flush();
        }
        catch (Exception e)
        {
            XenException failure = XenException.From(e);
            _failures.Add(failure);
            _channelBroken = failure.Id is XenErrorId.CorruptChannel or XenErrorId.Unexpected;
        }

        return any;
    }

    private void Attempt(Action step)
    {
        try
        {
            step();
        }
        catch (Exception e)
        {
            _failures.Add(XenException.From(e));
        }
    }
}
