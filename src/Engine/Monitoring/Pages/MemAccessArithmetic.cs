using XenVmEvent.Events;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>What permissions allow, and what remains when some accesses are taken away.</summary>
internal static class MemAccessArithmetic
{
    /// <summary>Whether the vCPU can do the access by itself, including with permissions that give way to it.</summary>
    public static bool Allow(this MemAccess permissions, PageAccess access) => permissions switch
    {
        MemAccess.Rx2rw or MemAccess.N2rwx => true,
        MemAccess.RPw => access == PageAccess.Read,
        _ => ((int)permissions & (int)access) == (int)access,
    };

    /// <summary>The permissions that leave exactly the accesses that are not watched.</summary>
    /// <remarks>
    /// Intel's page tables cannot grant write permission without read permission: such an entry kills the guest. So a
    /// watch for reads gets writes too, and its filter drops them.
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
