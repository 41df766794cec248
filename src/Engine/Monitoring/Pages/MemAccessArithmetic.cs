using XenVmEvent.Events;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>What permissions allow, and what is left of them when some accesses are taken.</summary>
internal static class MemAccessArithmetic
{
    /// <summary>Whether the vCPU can do the access by itself; permissions that give way to it included.</summary>
    public static bool Allow(this MemAccess permissions, PageAccess access) => permissions switch
    {
        MemAccess.Rx2rw or MemAccess.N2rwx => true,
        MemAccess.RPw => access == PageAccess.Read,
        _ => ((int)permissions & (int)access) == (int)access,
    };

    /// <summary>The permissions that leave just the accesses not watched.</summary>
    /// <remarks>
    /// Intel's page tables have no permission to write without the permission to read: such an entry kills the guest. So who
    /// watches reads gets writes as well, and its filter leaves them out.
    /// </remarks>
    public static MemAccess Without(this MemAccess permissions, PageAccess watched)
    {
        if ((watched & PageAccess.Read) != 0) watched |= PageAccess.Write;
        MemAccess plain = permissions switch
        {
            MemAccess.Rx2rw => MemAccess.RX,
            MemAccess.N2rwx => MemAccess.None,
            MemAccess.RPw => MemAccess.R,
            _ => permissions,
        };
        bool takesNothing = watched == PageAccess.None || (permissions == MemAccess.RPw && watched == PageAccess.Execute);
        return takesNothing ? permissions : (MemAccess)(~(int)watched & (int)plain);
    }
}
