using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Xen;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Recovery;

/// <summary>
/// The guard's own side: it waits until its listener ends, however that happens, and if that was not orderly gives the
/// guest back everything in the listener's place.
/// </summary>
public static class Guard
{
    /// <summary>What the guard says once it is ready.</summary>
    public const string Ready = "ready";

    /// <summary>
    /// Sees that what ends the listener does not end its guard with it: a signal to its process group, its terminal's end,
    /// or the kernel looking for memory.
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
            // Root's alone to say.
        }
    }

    /// <summary>Guards until the listener is gone.</summary>
    /// <param name="hypervisor">The host.</param>
    /// <param name="domain">The domain.</param>
    /// <param name="late">The monitor is enabled already, so that its ring cannot be had any more.</param>
    /// <param name="state">The file in which the listener writes what it changes; gone when there is nothing to take back.</param>
    /// <param name="listener">Ends when the listener does.</param>
    /// <param name="answer">Receives <see cref="Ready"/>.</param>
    /// <returns>What failed; nothing when there was nothing to do.</returns>
    /// <exception cref="XenException">The guard cannot be set up, or Xen refuses everything.</exception>
    public static IReadOnlyList<XenException> Run(
        IHypervisor hypervisor, XenDomain domain, bool late, string state, TextReader listener, TextWriter answer)
    {
        ArgumentNullException.ThrowIfNull(hypervisor);
        ArgumentNullException.ThrowIfNull(domain);
        ArgumentNullException.ThrowIfNull(listener);
        ArgumentNullException.ThrowIfNull(answer);
        using IRingHandover? handover = late ? null : hypervisor.PrepareHandover(domain);
        answer.WriteLine(Ready);
        answer.Flush();
        while (listener.ReadLine() is not null)
        {
            // It has nothing to say but that it is there.
        }

        if (GuardStateFile.Read(state) is not { } left) return [];
        IReadOnlyList<XenException> failures = Free(hypervisor, domain, handover, left);
        File.Delete(state);
        return failures;
    }

    private static IReadOnlyList<XenException> Free(IHypervisor hypervisor, XenDomain domain, IRingHandover? handover, GuardState left)
    {
        using IDomainControl control = hypervisor.Control(domain);
        control.UndoAbandoned();
        if (left.IsResetting) return MonitorReset.Run(hypervisor, domain).Failures;
        if (!left.IsEnabled) return [];
        IReadOnlyList<XenException> failures = [];
        bool? monitored = control.IsMonitored;
        if (handover is not null && left.IsRing && monitored != false)
        {
            using IDomainMonitor monitor = handover.TakeOver();
            MonitorTakeover takeover = new(monitor, hypervisor.Layout, monitor.VCpus, left);
            failures = takeover.Run();
            monitored = takeover.HasDisabled ? false : control.IsMonitored;
        }

        // A listener that was killed in the middle of an answer, or after it had disabled the monitor, may have left a vCPU
        // of which no ring tells. Xen does not tell either; one that waits for nothing is none the worse for a response.
        if (monitored != false) return [.. failures, .. MonitorReset.Run(hypervisor, domain).Failures];
        control.WhilePaused(() => VCpuResumer.ResumeVCpus(hypervisor, domain));
        return failures;
    }
}
