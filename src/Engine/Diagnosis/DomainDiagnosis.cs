using System.Globalization;
using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Diagnosis;

/// <summary>Tells whether a domain can be monitored, and if not, why. It changes nothing.</summary>
public static class DomainDiagnosis
{
    /// <summary>Longer than a busy host keeps a vCPU waiting, or than a living listener takes to answer.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Kinds of event that came with later Xen releases. If they are missing, the only remedy is to update.
    /// </summary>
    private const MonitorCapabilities OfLaterReleases = MonitorCapabilities.VmExit | MonitorCapabilities.Io;

    /// <summary>Makes the checks, always the same in the same order.</summary>
    /// <param name="host">The host.</param>
    /// <param name="domain">The domain.</param>
    /// <param name="hasSession">This process monitors it.</param>
    public static IReadOnlyList<MonitorCheck> Run(IHypervisor host, XenDomain domain, bool hasSession = false)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(domain);
        CheckList list = new(domain.Name);
        IDomainControl? control = null;
        try
        {
            list.Require("DomainType", () =>
            {
                control = host.Control(domain);
                string type = domain.Type == DomainType.Unknown ? "Its type is unknown" : $"Its type is {domain.Type.ToString().ToUpperInvariant()}";
                return Finding.Passed(string.Create(CultureInfo.InvariantCulture, $"{type}; it has {domain.VCpus} {(domain.VCpus == 1 ? "vCPU" : "vCPUs")}."));
            });
            list.Require("Capabilities", () => LookAt(control!.Capabilities, host.Architecture));
            list.Check("PageAccess", () => LookAtPageAccess(control!.CanRestrictPages));
            list.Check("AltP2m", () => LookAtViews(control!.HasViews), otherwise: CheckResult.Warning);
            list.Check("Listener", () => hasSession ? Finding.Passed("This process monitors it.") : LookAtListener(control!));
            list.Check("VCpus", () => LookAtVCpus(control!, domain, hasSession));
            return list.Checks;
        }
        finally
        {
            control?.Dispose();
        }
    }

    /// <summary>The checks of a domain on a host whose own checks failed.</summary>
    /// <param name="domain">The domain as the user named it.</param>
    public static MonitorCheck Skipped(string domain) =>
        new(domain, "DomainType", CheckResult.Skipped, "Not checked: the host's checks failed.", "");

    private static Finding LookAt(MonitorCapabilities capabilities, GuestArchitecture architecture)
    {
        if (capabilities == MonitorCapabilities.None)
            return new Finding(CheckResult.Failed, "Xen can raise no events for it.", "Give it type=\"pvh\" or type=\"hvm\" in its configuration and start it again.");
        MonitorCapabilities missing = Known(architecture) & ~capabilities;
        if (missing == MonitorCapabilities.None) return Finding.Passed("Xen can raise every kind of event.");
        string found = $"Xen can raise every kind of event except {missing}.";
        return (missing & ~OfLaterReleases) == MonitorCapabilities.None
            ? Finding.Passed(found)
            : new Finding(
                CheckResult.Warning,
                found,
                (missing & MonitorCapabilities.SingleStep) != 0
                    ? "Single steps need an Intel processor with the monitor trap flag, and VmExit events an Intel processor."
                    : "They need other hardware or a later Xen release.");
    }

    private static MonitorCapabilities Known(GuestArchitecture architecture) => architecture == GuestArchitecture.Arm64
        ? MonitorCapabilities.GuestRequest | MonitorCapabilities.PrivilegedCall
        : Enum.GetValues<MonitorCapabilities>().Aggregate((all, kind) => all | kind) & ~MonitorCapabilities.PrivilegedCall;

    private static Finding LookAtPageAccess(bool? possible) => possible switch
    {
        true => Finding.Passed("Access to its pages can be restricted and watched."),
        false => new Finding(
            CheckResult.Warning,
            "Access to its pages cannot be restricted, so watches of pages are refused.",
            "This needs an Intel processor with EPT and a guest with hardware assisted paging (no hap=0 in its configuration)."),
        null => new Finding(CheckResult.Warning, "Xen does not tell whether access to its pages can be restricted.", "Try it; if it fails, the error says why.", RemedyTask.WatchPages),
    };

    private static Finding LookAtViews(bool hasViews) =>
        Finding.Passed(hasViews ? "It has views now." : "It can have views.");

    private static Finding LookAtListener(IDomainControl control)
    {
        bool? monitored = control.IsMonitored;
        if (monitored == false) return Finding.Passed("It has no listener.");
        IReadOnlyList<string> suspects = control.ListenerSuspects;
        string who = suspects.Count == 0 ? "no other process can be its listener" : $"its listener may be {string.Join(" or ", suspects)}";
        return monitored == true
            ? new Finding(
                CheckResult.Failed,
                $"Its monitor is enabled; {who}.",
                "End that listener. If it is gone, free the domain.",
                RemedyTask.ResetMonitor)
            : new Finding(
                CheckResult.Warning,
                $"This host does not tell whether its monitor is enabled; if so, {who}.",
                "If enabling fails with MonitorBusy, end that listener, or free the domain.",
                RemedyTask.ResetMonitor);
    }

    private static Finding LookAtVCpus(IDomainControl control, XenDomain domain, bool hasSession)
    {
        IReadOnlyList<uint> frozen = VCpuObservation.FindFrozen(control, domain.VCpus, Look);
        if (frozen.Count == 0) return Finding.Passed("All are running or idle.");
        string found = $"{(frozen.Count == 1 ? "vCPU" : "vCPUs")} {string.Join(", ", frozen)} of {domain.VCpus} {(frozen.Count == 1 ? "seems" : "seem")} frozen: neither idle nor running for a second.";
        if (hasSession) return new Finding(CheckResult.Warning, found, "They wait for this process's answers: answer the events, or end the session.", RemedyTask.AnswerEvents);
        return control.IsMonitored == false
            ? new Finding(
                CheckResult.Warning,
                found,
                "If 'xl list' shows the domain paused (p), run 'xl unpause'. Otherwise a listener left it so: free the domain.",
                RemedyTask.ResetMonitor)
            : new Finding(
                CheckResult.Failed,
                found,
                "If the domain is not paused (xl list shows p) and its listener is gone, free the domain.",
                RemedyTask.ResetMonitor);
    }
}
