using XenVmEvent.Events;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>What rights allow, and what is left of them when some accesses are taken.</summary>
internal static class MemAccessArithmetic
{
    /// <summary>Whether the vCPU can do the access by itself; rights that give way to it included.</summary>
    public static bool Allow(this MemAccess rights, PageAccess access) => rights switch
    {
        MemAccess.Rx2rw or MemAccess.N2rwx => true,
        MemAccess.RPw => access == PageAccess.Read,
        _ => ((int)rights & (int)access) == (int)access,
    };

    /// <summary>The rights that leave just the accesses not watched.</summary>
    /// <remarks>
    /// Intel's page tables know no right to write without the right to read: such an entry kills the guest. So who
    /// watches reads gets writes as well, and its filter leaves them out.
    /// </remarks>
    public static MemAccess Without(this MemAccess rights, PageAccess watched)
    {
        if ((watched & PageAccess.Read) != 0) watched |= PageAccess.Write;
        MemAccess plain = rights switch
        {
            MemAccess.Rx2rw => MemAccess.RX,
            MemAccess.N2rwx => MemAccess.None,
            MemAccess.RPw => MemAccess.R,
            _ => rights,
        };
        bool takesNothing = watched == PageAccess.None || (rights == MemAccess.RPw && watched == PageAccess.Execute);
        return takesNothing ? rights : (MemAccess)(~(int)watched & (int)plain);
    }
}
