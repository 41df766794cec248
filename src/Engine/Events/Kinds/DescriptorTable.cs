namespace XenVmEvent.Events;

/// <summary>A descriptor table register: Xen's <c>VM_EVENT_DESC_*</c>, with Xen's numbers.</summary>
public enum DescriptorTable
{
    /// <summary>The interrupt descriptor table's.</summary>
    Idtr = 1,

    /// <summary>The global descriptor table's.</summary>
    Gdtr = 2,

    /// <summary>The local descriptor table's.</summary>
    Ldtr = 3,

    /// <summary>The task register.</summary>
    TR = 4,
}
