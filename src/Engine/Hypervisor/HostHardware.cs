namespace XenVmEvent.Hypervisor;

/// <summary>What of a host decides which guests and events it can have.</summary>
/// <param name="Virtualization">The processor's extension for virtual machines.</param>
/// <param name="HasHvm">Xen uses it, and can so run HVM and PVH guests.</param>
/// <param name="HasNestedPaging">Xen uses the processor's own page tables for guests (EPT, NPT); null where it does not tell (before 4.13).</param>
/// <param name="HasAltP2mOption">Xen's command line switches altp2m on.</param>
public sealed record HostHardware(Virtualization Virtualization, bool HasHvm, bool? HasNestedPaging, bool HasAltP2mOption);
