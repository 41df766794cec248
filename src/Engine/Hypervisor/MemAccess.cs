namespace XenVmEvent.Hypervisor;

/// <summary>The permissions of a guest's page: Xen's <c>xenmem_access_t</c>, with Xen's numbers.</summary>
public enum MemAccess
{
    /// <summary>No access.</summary>
    None = 0,

    /// <summary>Read.</summary>
    R = 1,

    /// <summary>Write. Intel hardware does not support it.</summary>
    W = 2,

    /// <summary>Read and write.</summary>
    RW = 3,

    /// <summary>Execute.</summary>
    X = 4,

    /// <summary>Read and execute.</summary>
    RX = 5,

    /// <summary>Write and execute. Intel hardware does not support it.</summary>
    WX = 6,

    /// <summary>Everything.</summary>
    Rwx = 7,

    /// <summary>Read and execute until written, then read and write.</summary>
    Rx2rw = 8,

    /// <summary>Nothing until accessed, then everything; the event does not pause the vCPU.</summary>
    N2rwx = 9,

    /// <summary>The domain's default.</summary>
    Default = 10,

    /// <summary>Read; page table walks may write.</summary>
    RPw = 11,
}
