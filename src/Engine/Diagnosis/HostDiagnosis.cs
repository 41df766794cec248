using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Diagnosis;

/// <summary>
/// Tells whether a host's domains can be monitored, and if not, why. It works without Xen, and changes nothing.
/// </summary>
public static class HostDiagnosis
{
    /// <summary>Makes the checks, always the same in the same order.</summary>
    public static IReadOnlyList<MonitorCheck> Run(IHostProbe host)
    {
        ArgumentNullException.ThrowIfNull(host);
        CheckList list = new(domain: null);
        HostHardware? hardware = null;
        list.Check("Privilege", () => LookAtUser(host.IsRoot));
        list.Require("Xen", () => Finding.Passed($"{host.FindXen()}."));
        list.Require("Libraries", () => LookAt(host.LoadLibraries()));
        list.Require("Devices", () => LookAt(host.OpenDevices()));
        list.Require("Interface", () => LookAt(host.AskLayout()));
        list.Check("Hardware", () => LookAt(hardware = host.ReadHardware()), otherwise: CheckResult.Warning);
        list.Check("AltP2m", () => LookAtAltP2m(hardware));
        return list.Checks;
    }

    private static Finding LookAtUser(bool isRoot) => isRoot
        ? Finding.Passed("This process has root privileges.")
        : new Finding(
            CheckResult.Warning,
            $"The user {Environment.UserName} is not root; Xen's devices and xenstore belong to root.",
            "Run this as root, with sudo for example.");

    private static Finding LookAt(IReadOnlyList<string> devices) =>
        Finding.Passed(devices.Count == 0 ? "None is needed." : $"Can be opened: {string.Join(", ", devices)}.");

    private static Finding LookAt(HostLibrary? library)
    {
        if (library is null) return Finding.Passed("None is needed.");
        if (library.Release is null || library.RunningRelease is null || library.Release == library.RunningRelease)
            return Finding.Passed($"{library.File} is loaded.");
        return new Finding(
            CheckResult.Warning,
            $"Xen {library.RunningRelease} runs, and only {library.File} is installed: Xen may accept no calls from it.",
            $"Install the libraries of Xen {library.RunningRelease} (Debian: libxenmisc{library.RunningRelease}).");
    }

    private static Finding LookAt(VmEventLayout layout) =>
        Finding.Passed($"Xen accepts calls, and its vm_event interface version {layout.Version} is supported.");

    private static Finding LookAt(HostHardware hardware)
    {
        if (!hardware.HasHvm)
        {
            return new Finding(
                CheckResult.Failed,
                "Xen runs only paravirtualised guests here, and those cannot be monitored.",
                "Enable VT-x or AMD-V (SVM) in the firmware settings; 'xl dmesg' says whether Xen finds it.");
        }

        return hardware switch
        {
            { Virtualization: Virtualization.Svm } => new Finding(
                CheckResult.Warning,
                "AMD's SVM: Xen has no page access events, views or single steps on it. Everything else can be watched.",
                "For those, use a host with an Intel processor."),
            { HasNestedPaging: false } => new Finding(
                CheckResult.Warning,
                "Xen does not use the processor's nested paging (EPT), so there are no page access events.",
                "Boot Xen without hap=0, on a processor that has EPT."),
            { Virtualization: Virtualization.VTx } => Finding.Passed("Intel's VT-x with EPT: page access events are available."),
            { Virtualization: Virtualization.Arm } => Finding.Passed("64-bit Arm: page access, privileged calls and guest requests can be watched."),
            _ => new Finding(CheckResult.Warning, "Xen does not tell which processor this is.", "Check a domain to see what can be watched."),
        };
    }

    private static Finding LookAtAltP2m(HostHardware? hardware)
    {
        if (hardware is not { Virtualization: Virtualization.VTx, HasNestedPaging: not false })
            return new Finding(CheckResult.Skipped, "Views need an Intel processor with EPT.");
        return hardware.HasAltP2mOption
            ? Finding.Passed("Xen's command line enables altp2m: domains can have views.")
            : new Finding(
                CheckResult.Warning,
                "Xen's command line does not enable altp2m: no domain can have views.",
                "If you want views, add altp2m=1 to Xen's command line (Debian: GRUB_CMDLINE_XEN in /etc/default/grub, then update-grub) and reboot.");
    }
}
