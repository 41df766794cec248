namespace XenVmEvent.Abi;

/// <summary>What a page access did and how Xen knows: Xen's <c>MEM_ACCESS_*</c> of a mem_access request.</summary>
[Flags]
public enum MemAccessFlags : uint
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>The page was read.</summary>
    Read = 1 << 0,

    /// <summary>The page was written.</summary>
    Write = 1 << 1,

    /// <summary>The page was executed.</summary>
    Execute = 1 << 2,

    /// <summary>The three kinds of access.</summary>
    ReadWriteExecute = Read | Write | Execute,

    /// <summary>The linear address is valid.</summary>
    GlaValid = 1 << 3,

    /// <summary>The fault came from the access to the linear address itself.</summary>
    FaultWithGla = 1 << 4,

    /// <summary>The fault came while the guest's page tables were walked.</summary>
    FaultInGpt = 1 << 5,
}
