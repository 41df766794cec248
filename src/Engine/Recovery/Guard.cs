using System.Diagnostics;
using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Xen;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Recovery;

/// <summary>
/// The guard's own side. It waits until its listener ends, for whatever reason. If that was not in good order, it gives
/// the guest everything back in the listener's place.
/// </summary>
public static class Guard
{
    /// <summary>What the guard writes once it is ready.</summary>
    public const string Ready = "ready";

    /// <summary>The longest time for undoing pauses: more than <see cref="XenPause"/> gives a toolstack.</summary>
    private static readonly TimeSpan LongestUndoing = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Keeps the guard alive through what ends the listener: a signal to its process group, the end of its terminal, or
    /// the kernel's out-of-memory killer.
    /// </summary>
    public static void Detach()
    {
        _ = Libc.setsid();
        try
        {
            File.WriteAllText("/proc/self/oom_score_adj", "-1000");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Only root may set this.
        }
    }

    /// <summary>Guards until the listener is gone.</summary>
    /// <param name="hypervisor">The host.</param>
    /// <param name="domain">The domain.</param>
    /// <param name="late">The monitor is already enabled, so its ring can no longer be mapped.</param>
    /// <param name="state">
    /// The file in which the listener writes what it changes; deleted when there is nothing to undo.
    /// </param>
    /// <param name="listener">Ends when the listener does.</param>
    /// <param name="answer">Receives <see cref="Ready"/>.</param>
    /// <returns>What failed; empty if there was nothing to do.</returns>
    /// <exception cref="XenException">The guard cannot be set up, or Xen refuses everything.</exception>
    public static IReadOnlyList<XenException> Run(
        IHypervisor hypervisor, XenDomain domain, bool late, string state, TextReader listener, TextWriter answer)
    {
        ArgumentNullException.ThrowIfNull(hypervisor);
        ArgumentNullException.ThrowIfNull(domain);
        ArgumentNullException.ThrowIfNull(listener);
        ArgumentNullException.ThrowIfNull(answer);
        using IRingHandover? handover = late ? null : hypervisor.PrepareHandover(domain);
        AwaitEnd(listener, answer);
        if (GuardStateFile.Read(state) is not { } left) return [];
        IReadOnlyList<XenException> failures = Free(hypervisor, domain, handover, left);
        File.Delete(state);
        UndoPauses(hypervisor, () => [.. hypervisor.GetDomains().Where(d => (d.Id, d.Uuid) == (domain.Id, domain.Uuid))]);
        return failures;
    }

    /// <summary>Guards all domains that a process keeps back when they start, until it is gone.</summary>
    /// <param name="hypervisor">The host.</param>
    /// <param name="state">The file that exists as long as it may keep any back.</param>
    /// <param name="listener">Ends when the process does.</param>
    /// <param name="answer">Receives <see cref="Ready"/>.</param>
    /// <exception cref="XenException">Xen refuses.</exception>
    public static void RunForStarts(IHypervisor hypervisor, string state, TextReader listener, TextWriter answer)
    {
        ArgumentNullException.ThrowIfNull(hypervisor);
        ArgumentNullException.ThrowIfNull(listener);
        ArgumentNullException.ThrowIfNull(answer);
        AwaitEnd(listener, answer);
        if (GuardStateFile.Read(state) is null) return;
        UndoPauses(hypervisor, () => [.. hypervisor.GetDomains().Where(d => d.Id != 0 && d.Type != DomainType.PV)]);
        File.Delete(state);
    }

    /// <summary>
    /// Undoes the pauses that are left. Whether one of a domain that starts is left may show only once its toolstack is done.
    /// </summary>
    private static void UndoPauses(IHypervisor hypervisor, Func<IReadOnlyList<XenDomain>> domains)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            IReadOnlyList<XenDomain> left = [.. domains().Where(XenPause.AreLeft)];
            if (left.Count == 0 || Stopwatch.GetElapsedTime(start) >= LongestUndoing) return;
            foreach (XenDomain domain in left) UndoPauses(hypervisor, domain);
            Thread.Sleep(Look);
        }
    }

    private static void UndoPauses(IHypervisor hypervisor, XenDomain domain)
    {
        try
        {
            using IDomainControl control = hypervisor.Control(domain);
            control.UndoAbandoned();
        }
        catch (XenException e) when (e.Id == XenErrorId.DomainNotFound)
        {
            // It has just ended.
        }
    }

    private static void AwaitEnd(TextReader listener, TextWriter answer)
    {
        answer.WriteLine(Ready);
        answer.Flush();
        while (listener.ReadLine() is not null)
        {
            // It has nothing to say except that it is there.
        }
    }

    private static IReadOnlyList<XenException> Free(IHypervisor hypervisor, XenDomain domain, IRingHandover? handover, GuardState left)
    {
        using IDomainControl control = hypervisor.Control(domain);
        control.UndoAbandoned();

        // Before events are switched off: then a breakpoint would be the guest's.
        Attempts attempts = new();
        attempts.Try(() => BreakpointRemoval.Run(hypervisor, domain, control, ofTheLiving: false));
        if (left.IsResetting) return MonitorReset.Run(hypervisor, domain).Failures;
        if (!left.IsEnabled) return attempts.Failures;
        IReadOnlyList<XenException> failures = attempts.Failures;
        bool? monitored = control.IsMonitored;
        if (handover is not null && left.IsRing && monitored != false)
        {
            using IDomainMonitor monitor = handover.TakeOver();
            MonitorTakeover takeover = new(monitor, hypervisor.Layout, monitor.VCpus, left);
            failures = [.. failures, .. takeover.Run()];
            monitored = takeover.HasDisabled ? false : control.IsMonitored;
        }

        // A listener that was killed in the middle of an answer, or after it had disabled the monitor, may have left a
        // vCPU waiting that no ring shows. Xen does not tell either. A response does no harm to a vCPU that waits for
        // nothing.
        if (monitored != false) return [.. failures, .. MonitorReset.Run(hypervisor, domain).Failures];
        control.WhilePaused(() => VCpuResumer.ResumeVCpus(hypervisor, domain));
        return failures;
    }
}
