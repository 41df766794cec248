using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>
/// Connects to a simulated host step by step. It is always available to everybody, unless the host has crashed.
/// </summary>
internal sealed class SimulatedHostProbe(SimulationOptions options, HostState state) : IHostProbe
{
    /// <summary>It needs no root.</summary>
    public bool IsRoot => true;

    public string FindXen()
    {
        state.ThrowIfDown();
        return "Simulated Xen, within this process";
    }

    public HostLibrary? LoadLibraries() => null;

    public IReadOnlyList<string> OpenDevices() => [];

    public VmEventLayout AskLayout() => VmEventLayout.ForVersion(options.InterfaceVersion);

    public HostHardware ReadHardware() => new(
        (options.Architecture, options.HasExtendedPageTables) switch
        {
            (GuestArchitecture.Arm64, _) => Virtualization.Arm,
            (_, true) => Virtualization.VTx,
            _ => Virtualization.Svm,
        },
        HasHvm: true,
        HasNestedPaging: true,
        HasAltP2mOption: options.OffersAltP2m);
}
