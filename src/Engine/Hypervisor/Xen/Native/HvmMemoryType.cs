namespace XenVmEvent.Hypervisor.Xen;

/// <summary>The numbers of the hypercall that returns the type of a guest's page (public/hvm/hvm_op.h).</summary>
internal static class HvmMemoryType
{
    /// <summary>__HYPERVISOR_hvm_op (public/xen.h).</summary>
    public const uint Hypercall = 34;

    /// <summary>HVMOP_get_mem_type.</summary>
    public const ulong Get = 15;

    /// <summary>HVMMEM_mmio_dm: device memory, passed-through devices included; or nothing.</summary>
    public const ushort Device = 2;
}
