using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Recovery;

/// <summary>
/// Finishes in a listener's place, on the listener's own ring, so that a register write that waits for its answer is
/// not lost: switches events off, restores pages and views, answers every vCPU, then disables. Each step is tried even
/// if another failed.
/// </summary>
internal sealed class MonitorTakeover(IDomainMonitor monitor, VmEventLayout layout, int vcpus, GuardState left)
{
    /// <summary>
    /// The longest time for answering and disabling. A vCPU may not run at all, as in a domain that somebody has
    /// paused.
    /// </summary>
    private static readonly TimeSpan Bound = TimeSpan.FromMilliseconds(500);

    private readonly Attempts _attempts = new();
    private readonly DomainRestorer _restorer = new(monitor, vcpus);
    private readonly BackRing _ring = new(monitor.Ring, layout, answered: true);

    /// <summary>Whether the monitor is disabled now.</summary>
    public bool HasDisabled { get; private set; }

    /// <returns>What failed.</returns>
    public IReadOnlyList<XenException> Run()
    {
        _ring.Adopt();
        foreach ((VmEventKind kind, uint detail) in left.Switches)
        {
            _attempts.Try(() => new EventSwitch(kind, detail).Set(monitor, enable: false, new SwitchOptions()));
        }

        _attempts.Try(_restorer.StopStepping);
        _attempts.Try(RestoreViews);
        _attempts.Try(RestorePages);
        if (left.IgnoresPageWalks) _attempts.Try(() => monitor.MonitorPageWalks(enable: true));
        if (left.IsListenerRequired) _attempts.Try(() => monitor.SetAccessRequired(false));
        _attempts.TryOnce(LetGo);
        return _attempts.Failures;
    }

    private void RestoreViews()
    {
        if (left.Views.Count > 0 || left.HasActivatedViews) _restorer.RestoreViews(left.Views, left.HasActivatedViews);
    }

    private void RestorePages()
    {
        // Meanwhile vCPUs access more pages, and must not wait for the last page.
        if (left.Pages is { } pages) DomainRestorer.RestorePages(monitor, pages, left.DefaultAccess, () => Answer());
    }

    /// <summary>
    /// Answers until no requests come and every vCPU has run on since, then disables; see
    /// <see cref="SessionTeardown"/>.
    /// </summary>
    private void LetGo()
    {
        long start = Stopwatch.GetTimestamp();
        VCpuProgress? progress = null;
        while (true)
        {
            bool isLate = Stopwatch.GetElapsedTime(start) >= Bound;
            bool any = Answer();
            if (any) progress = null;
            if (isLate || (!any && (progress ??= new VCpuProgress(monitor, vcpus)).HaveAllRun()))
            {
                if (TryDisable(isLate)) return;
                progress = null;
            }

            Thread.Sleep(1);
        }
    }

    /// <summary>
    /// Answers what is in the ring: the vCPU goes on and, because its event is off, as if nobody had watched.
    /// </summary>
    private bool Answer()
    {
        Span<byte> request = stackalloc byte[layout.Size];
        bool any = false;
        while (_ring.TryRead(request))
        {
            RequestReader view = new(request, layout);
            new ResponseWriter(_ring.ResponseTo(view.VCpuId, view.IsSynchronous), layout).Begin(view);
            any = true;
        }

        if (_ring.Publish()) monitor.Ports.Notify(monitor.Ports.RingPort);
        return any;
    }

    /// <returns>False: vCPUs still queue for room in the ring.</returns>
    private bool TryDisable(bool isLast)
    {
        try
        {
            monitor.Disable();
            return HasDisabled = true;
        }
        catch (XenException e) when (e.Errno == Errno.EBUSY && !isLast)
        {
            return false;
        }
    }
}
