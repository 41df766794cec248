using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>A run of pages with the same access.</summary>
/// <param name="Gfn">The pages.</param>
/// <param name="Access">Their access.</param>
public readonly record struct MemAccessRange(GfnRange Gfn, MemAccess Access);
