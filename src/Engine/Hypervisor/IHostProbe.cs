using XenVmEvent.Abi;

namespace XenVmEvent.Hypervisor;

/// <summary>
/// Connects to a host one step at a time, to find out which step fails, even without Xen or the right to use it. Each
/// step needs those before it, changes nothing, and throws a <see cref="XenException"/> with a remedy if it fails.
/// </summary>
public interface IHostProbe
{
    /// <summary>Whether this process has root privileges.</summary>
    bool IsRoot { get; }

    /// <summary>Looks for a Xen of which this machine is the dom0.</summary>
    /// <returns>What was found: "Xen 4.17, and this is its dom0".</returns>
    string FindXen();

    /// <summary>Loads the libraries through which Xen is called.</summary>
    /// <returns>The main library; null if none is needed.</returns>
    HostLibrary? LoadLibraries();

    /// <summary>Opens the devices through which Xen is called, and closes them again.</summary>
    /// <returns>Their names; empty if none is needed.</returns>
    IReadOnlyList<string> OpenDevices();

    /// <summary>
    /// Makes a first call to Xen, which accepts no calls from libraries of another release: asks for the layout of its
    /// vm_event requests.
    /// </summary>
    VmEventLayout AskLayout();

    /// <summary>Asks Xen about the hardware's features.</summary>
    HostHardware ReadHardware();
}

/// <summary>The features of a host that decide which guests and events it can have.</summary>
/// <param name="Virtualization">The processor's extension for virtual machines.</param>
/// <param name="HasHvm">Xen uses it, so it can run HVM and PVH guests.</param>
/// <param name="HasNestedPaging">
/// Xen uses the processor's nested page tables for guests (EPT, NPT); null if it does not tell (before 4.13).
/// </param>
/// <param name="HasAltP2mOption">Xen's command line enables altp2m.</param>
public sealed record HostHardware(Virtualization Virtualization, bool HasHvm, bool? HasNestedPaging, bool HasAltP2mOption);

/// <summary>The library through which Xen is called.</summary>
/// <param name="File">The file it was loaded from.</param>
/// <param name="Release">The Xen release in the file's name, as in 4.17; null if the name has none.</param>
/// <param name="RunningRelease">The running Xen release; null if unknown.</param>
public sealed record HostLibrary(string File, string? Release, string? RunningRelease);

/// <summary>A processor's extension for virtual machines.</summary>
public enum Virtualization
{
    /// <summary>None, or it is disabled in the firmware settings.</summary>
    None,

    /// <summary>Intel's VT-x.</summary>
    VTx,

    /// <summary>AMD's SVM, or AMD-V.</summary>
    Svm,

    /// <summary>64-bit Arm's.</summary>
    Arm,
}
