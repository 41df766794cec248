using XenVmEvent.Abi;

namespace XenVmEvent.Hypervisor;

/// <summary>Which permissions to a page may be set, whatever the host.</summary>
internal static class MemAccessRules
{
    /// <summary>Refuses permissions that Xen accepts and the guest does not survive.</summary>
    /// <remarks>
    /// Intel's page tables have no permission to write without the permission to read: the processor calls such an entry a
    /// misconfiguration, and Xen crashes the guest.
    /// </remarks>
    /// <exception cref="XenException"><see cref="XenErrorId.NotSupported"/>.</exception>
    public static void EnsureSafe(MemAccess access, GuestArchitecture architecture)
    {
        if (architecture != GuestArchitecture.X86 || access is not (MemAccess.W or MemAccess.WX)) return;
        throw new XenException(
            XenErrorId.NotSupported,
            $"The page access {access} does not exist on x86: a page that can be written can be read, and the guest would crash.",
            "Choose RW or Rwx.");
    }

    /// <summary>The permissions as Xen's calls for many pages take them, a byte each.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.NotSupported"/>.</exception>
    public static byte[] ToBytes(ReadOnlySpan<MemAccess> access, int count, GuestArchitecture architecture)
    {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++)
        {
            EnsureSafe(access[i], architecture);
            bytes[i] = (byte)access[i];
        }

        return bytes;
    }
}
