using XenVmEvent.Abi;

namespace XenVmEvent.Hypervisor;

/// <summary>When the slotted channel may be used, on any host.</summary>
internal static class SlottedChannelRules
{
    /// <summary>The interface version of the hypervisor branch that has the slotted channel.</summary>
    private const int InterfaceVersion = 4;

    /// <summary>
    /// Whether slots for this many vCPUs can be enabled. The hypervisor computes the pages from the size of a request,
    /// the library from the size of a slot, which is 8 bytes larger. If the page counts differ, the listener's buffer
    /// is not where Xen's is: the guest freezes, and an event on its last vCPU panics the host.
    /// </summary>
    internal static bool IsSafe(int vcpus)
    {
        VmEventLayout layout = VmEventLayout.ForVersion(InterfaceVersion);
        return PagesOf(vcpus * layout.Size) == PagesOf(vcpus * VCpuSlots.SizeOf(layout));
    }

    private static int PagesOf(int bytes) => (bytes + SharedMemory.PageSize - 1) / SharedMemory.PageSize;
}
