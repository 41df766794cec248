using XenVmEvent.Abi;

namespace XenVmEvent.Hypervisor;

/// <summary>
/// The way to a host, a step at a time, for those who want to know which step fails: also where there is no Xen, or no
/// right to use it. Each step builds on those before it, changes nothing, and throws <see cref="XenException"/> with what
/// to do when it cannot be done.
/// </summary>
public interface IHostProbe
{
    /// <summary>Whether this process has the rights of root.</summary>
    bool IsRoot { get; }

    /// <summary>Looks for a Xen that this machine controls.</summary>
    /// <returns>What was found: "Xen 4.17, and this is its dom0".</returns>
    string FindXen();

    /// <summary>Loads the libraries that Xen is called with.</summary>
    /// <returns>The one that matters; null where none is needed.</returns>
    HostLibrary? LoadLibraries();

    /// <summary>Opens, and closes again, what Xen is called through.</summary>
    /// <returns>Their names; empty where nothing is needed.</returns>
    IReadOnlyList<string> OpenDevices();

    /// <summary>Makes a first call to Xen, which takes none from libraries of another release: how its vm_event requests look.</summary>
    VmEventLayout AskLayout();

    /// <summary>Asks Xen what the hardware can do.</summary>
    HostHardware ReadHardware();
}

/// <summary>What of a host decides which guests and events it can have.</summary>
/// <param name="Virtualization">The processor's extension for virtual machines.</param>
/// <param name="HasHvm">Xen uses it, and can so run HVM and PVH guests.</param>
/// <param name="HasNestedPaging">Xen uses the processor's own page tables for guests (EPT, NPT); null where it does not tell (before 4.13).</param>
/// <param name="HasAltP2mOption">Xen's command line switches altp2m on.</param>
public sealed record HostHardware(Virtualization Virtualization, bool HasHvm, bool? HasNestedPaging, bool HasAltP2mOption);

/// <summary>The library that Xen is called with.</summary>
/// <param name="File">The file it was loaded from.</param>
/// <param name="Release">The release of Xen that the file's name tells, as in 4.17; null where it tells none.</param>
/// <param name="RunningRelease">The release of Xen that runs; null where it is not known.</param>
public sealed record HostLibrary(string File, string? Release, string? RunningRelease);

/// <summary>A processor's extension for virtual machines.</summary>
public enum Virtualization
{
    /// <summary>None, or it is switched off in the firmware's settings.</summary>
    None,

    /// <summary>Intel's VT-x.</summary>
    VTx,

    /// <summary>AMD's SVM, or AMD-V.</summary>
    Svm,

    /// <summary>That of 64 bit Arm.</summary>
    Arm,
}
