using XenVmEvent.Abi;

namespace XenVmEvent.Hypervisor;

/// <summary>Which page permissions may be set on any host.</summary>
internal static class MemAccessRules
{
    /// <summary>Refuses permissions that Xen accepts and that crash the guest.</summary>
    /// <remarks>
    /// Intel's page tables cannot grant write permission without read permission: the processor calls such an entry a
    /// misconfiguration, and Xen crashes the guest.
    /// </remarks>
    /// <exception cref="XenException"><see cref="XenErrorId.NotSupported"/>.</exception>
    public static void EnsureSafe(MemAccess access, GuestArchitecture architecture)
    {
        if (architecture != GuestArchitecture.X86 || access is not (MemAccess.W or MemAccess.WX)) return;
        throw new XenException(
            XenErrorId.NotSupported,
            $"The page access {access} does not exist on x86: a writable page must be readable, and the guest would crash.",
            "Choose RW or Rwx.");
    }

    /// <summary>The permissions in the form of Xen's calls for many pages: one byte each.</summary>
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
