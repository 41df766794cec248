using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>What the simulated hardware and release of Xen can do for every domain of the host.</summary>
internal sealed class HostAbilities(SimulationOptions host, VmEventLayout layout)
{
    /// <summary>The interface version of Xen 4.12.</summary>
    private const int LastToTellCpuidResults = 4;

    /// <summary>The interface version of Xen 4.14.</summary>
    private const int FirstToWriteAtOnce = 6;

    private readonly bool _isX86 = host.Architecture == GuestArchitecture.X86;

    /// <summary>Whether access to pages can be restricted: always on arm64.</summary>
    public bool CanRestrictPages => host.HasExtendedPageTables || !_isX86;

    /// <summary>Whether domains whose configuration allows it can have altp2m views.</summary>
    public bool HasAltP2m => _isX86 && host is { HasExtendedPageTables: true, OffersAltP2m: true };

    /// <summary>Whether every watched register write waits for the answer: before Xen 4.14.</summary>
    public bool DefersRegisterWrites => layout.Version < FirstToWriteAtOnce;

    /// <summary>
    /// Whether a CPUID event has the results in place of the leaf and subleaf: on AMD up to Xen 4.12.
    /// </summary>
    public bool TellsCpuidResults => layout.Version <= LastToTellCpuidResults && !host.HasExtendedPageTables;

    /// <summary>The events that can be raised.</summary>
    public MonitorCapabilities Events => !_isX86
        ? MonitorCapabilities.GuestRequest | MonitorCapabilities.PrivilegedCall
        : MonitorCapabilities.WriteControlRegister | MonitorCapabilities.MovToMsr | MonitorCapabilities.SoftwareBreakpoint
        | MonitorCapabilities.GuestRequest | MonitorCapabilities.DebugException | MonitorCapabilities.Cpuid
        | MonitorCapabilities.InguestPagefault | MonitorCapabilities.Interrupt | MonitorCapabilities.DescriptorAccess | MonitorCapabilities.EmulUnimplemented
        | (host is { HasExtendedPageTables: true, HasMonitorTrapFlag: true } ? MonitorCapabilities.SingleStep : MonitorCapabilities.None)
        | (layout.Has(VmEventField.VmExitReason) ? MonitorCapabilities.Io : MonitorCapabilities.None)
        | (layout.Has(VmEventField.VmExitReason) && host.HasExtendedPageTables ? MonitorCapabilities.VmExit : MonitorCapabilities.None);

    /// <summary>The events that Xen says it can raise: VmExit also on AMD, where it never does.</summary>
    public MonitorCapabilities ToldEvents => _isX86 && layout.Has(VmEventField.VmExitReason) ? Events | MonitorCapabilities.VmExit : Events;
}
