using XenVmEvent.Abi;

namespace XenVmEvent.Hypervisor;

/// <summary>Where the slotted channel may be used, whatever the host.</summary>
internal static class SlottedChannelRules
{
    /// <summary>The interface version of the hypervisor line that has the slotted channel.</summary>
    private const int InterfaceVersion = 4;

    /// <summary>
    /// Whether slots for this many vCPUs can be enabled. The hypervisor sizes their pages by the request, the library
    /// by the slot, which is 8 bytes more; where the page counts differ the listener's buffer lies elsewhere than
    /// Xen's: the guest freezes, and an event on its last vCPU panics the host.
    /// </summary>
    internal static bool IsSafe(int vcpus)
    {
        VmEventLayout layout = VmEventLayout.ForVersion(InterfaceVersion);
        return PagesOf(vcpus * layout.Size) == PagesOf(vcpus * VCpuSlots.SizeOf(layout));
    }

    private static int PagesOf(int bytes) => (bytes + SharedMemory.PageSize - 1) / SharedMemory.PageSize;
}
