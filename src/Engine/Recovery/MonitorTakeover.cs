using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Recovery;

/// <summary>
/// Ends what a listener has left, in its place and on its own ring, so that a register write which waits for its answer is
/// not lost: events off, pages and views back, every vCPU answered, then disable. Each step is tried even when another failed.
/// </summary>
internal sealed class MonitorTakeover(IDomainMonitor monitor, IDomainControl control, VmEventLayout layout, int vcpus, GuardState left)
{
    /// <summary>How long nobody must have asked before the ring is called quiet; see <see cref="SessionTeardown"/>.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(30);

    /// <summary>How long draining is tried at most.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromMilliseconds(500);

    /// <summary>How long vCPUs may take to run on.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    private readonly List<XenException> _failures = [];
    private readonly DomainRestorer _restorer = new(monitor, vcpus);
    private readonly BackRing _ring = new(monitor.Ring, layout, answered: true);

    /// <returns>What failed.</returns>
    public IReadOnlyList<XenException> Run()
    {
        _ring.Adopt();
        foreach ((VmEventKind kind, uint detail) in left.Switches)
        {
            Attempt(() => new EventSwitch(kind, detail).Set(monitor, enable: false, new SwitchOptions()));
        }

        Attempt(_restorer.StopStepping);
        Attempt(RestoreViews);
        Attempt(RestorePages);
        if (left.IgnoresPageWalks) Attempt(() => monitor.MonitorPageWalks(enable: true));
        if (left.IsListenerRequired) Attempt(() => monitor.SetAccessRequired(false));
        Attempt(Drain);
        Attempt(LetVCpusRun);
        Attempt(Disable);
        return _failures;
    }

    private void RestoreViews()
    {
        if (left.Views.Count > 0 || left.HasActivatedViews) _restorer.RestoreViews(left.Views, left.HasActivatedViews);
    }

    private void RestorePages()
    {
        // vCPUs go on touching pages meanwhile, and must not wait for the last page.
        if (left.Pages is { } pages) DomainRestorer.RestorePages(monitor, pages, left.DefaultAccess, () => Answer());
    }

    private void Drain()
    {
        long start = Stopwatch.GetTimestamp();
        long last = start;
        while (Stopwatch.GetElapsedTime(last) < Quiet && Stopwatch.GetElapsedTime(start) < Bound)
        {
            if (Answer()) last = Stopwatch.GetTimestamp();
            else Thread.Sleep(1);
        }
    }

    /// <summary>Answers what is in the ring: the vCPU goes on, and, with its event off, as if nobody had watched.</summary>
    private bool Answer()
    {
        Span<byte> request = stackalloc byte[layout.Size];
        bool any = false;
        while (_ring.TryRead(request))
        {
            RequestView view = new(request, layout);
            new ResponseWriter(_ring.ResponseTo(view.VCpuId, view.IsSynchronous), layout).Begin(view);
            any = true;
        }

        if (_ring.Publish()) monitor.Ports.Notify(monitor.Ports.RingPort);
        return any;
    }

    /// <summary>Xen does a register write that waited when its vCPU runs on, and forgets it when the monitor is disabled first.</summary>
    private void LetVCpusRun() => VCpuObservation.FindFrozen(control, vcpus, Look);

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
                Drain();
            }
        }
    }

    private void Attempt(Action step)
    {
        try
        {
            step();
        }
        catch (XenException e)
        {
            _failures.Add(e);
        }
    }
}
