using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Xen;

namespace XenVmEvent.Recovery;

/// <summary>
/// The guard's own side: it waits until its listener ends, however that happens, and if that was not orderly gives the
/// guest back everything in the listener's place.
/// </summary>
public static class Guard
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

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
    /// <param name="listener">What the listener tells, line by line; it ends when the listener does.</param>
    /// <param name="answer">Receives <see cref="Ready"/>.</param>
    /// <returns>What failed; nothing when there was nothing to do.</returns>
    /// <exception cref="XenException">The guard cannot be set up, or Xen refuses everything.</exception>
    public static IReadOnlyList<XenException> Run(
        IHypervisor hypervisor, XenDomain domain, bool late, TextReader listener, TextWriter answer)
    {
        ArgumentNullException.ThrowIfNull(hypervisor);
        ArgumentNullException.ThrowIfNull(domain);
        ArgumentNullException.ThrowIfNull(listener);
        ArgumentNullException.ThrowIfNull(answer);
        using IMonitorWitness? witness = late ? null : hypervisor.Witness(domain);
        answer.WriteLine(Ready);
        answer.Flush();
        GuardState left = new();
        while (listener.ReadLine() is { } line)
        {
            if (line == GuardState.Goodbye) return [];
            left.Apply(line);
        }

        return left.IsEnabled ? Free(hypervisor, domain, witness, left) : [];
    }

    private static IReadOnlyList<XenException> Free(IHypervisor hypervisor, XenDomain domain, IMonitorWitness? witness, GuardState left)
    {
        using IDomainControl control = hypervisor.Control(domain);
        IReadOnlyList<XenException> failures = [];
        if (witness is not null && left.IsRing && control.IsMonitored != false)
        {
            using IDomainMonitor monitor = witness.TakeOver();
            failures = new MonitorTakeover(monitor, control, hypervisor.Layout, domain.VCpus, left).Run();
        }

        // A listener that was killed in the middle of an answer may have left a vCPU of which the ring tells nothing.
        if (control.IsMonitored != false || VCpuObservation.FindFrozen(control, domain.VCpus, Look).Count > 0) MonitorReset.Run(hypervisor, domain);
        return failures;
    }
}
