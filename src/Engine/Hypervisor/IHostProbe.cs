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
