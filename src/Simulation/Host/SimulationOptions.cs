using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>What kind of host to simulate, and which domains run on it.</summary>
public sealed record SimulationOptions
{
    /// <summary>
    /// The host's vm_event interface version, <see cref="VmEventLayout.OldestVersion"/> to
    /// <see cref="VmEventLayout.NewestVersion"/>.
    /// </summary>
    public int InterfaceVersion { get; init; } = VmEventLayout.NewestVersion;

    /// <summary>Whether the host has the slotted channel. Of the real hosts, only a patched Xen 4.12 has it.</summary>
    public bool OffersSlottedChannel { get; init; } = true;

    /// <summary>
    /// The guests' architecture. On arm64 there are page accesses, privileged calls and guest requests to watch, and
    /// there is no emulation.
    /// </summary>
    public GuestArchitecture Architecture { get; init; }

    /// <summary>On x86: whether the processor can restrict page access. Intel with EPT can, AMD cannot.</summary>
    public bool HasExtendedPageTables { get; init; } = true;

    /// <summary>Whether a processor with EPT can also single-step. All of Intel's can, not all emulated ones.</summary>
    public bool HasMonitorTrapFlag { get; init; } = true;

    /// <summary>Whether a host with EPT offers altp2m: Xen was booted with altp2m=1.</summary>
    public bool OffersAltP2m { get; init; } = true;

    /// <summary>
    /// The seed of the workloads' choices: the same seed gives each vCPU the same sequence of actions.
    /// </summary>
    public int Seed { get; init; } = 1;

    /// <summary>The guests, ids from 1 on, each name and id once.</summary>
    public IReadOnlyList<SimulatedDomainOptions> Domains { get; init; } =
    [
        new() { Id = 1, Name = "web01", Type = DomainType.Hvm, VCpus = 2 },
        new() { Id = 2, Name = "db01", Type = DomainType.Pvh, VCpus = 4 },
    ];
}
