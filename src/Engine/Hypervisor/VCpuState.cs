namespace XenVmEvent.Hypervisor;

/// <summary>How a vCPU stands (<c>xc_vcpu_getinfo</c>).</summary>
/// <param name="RunTime">How long it has run, in nanoseconds; grows only while it runs.</param>
/// <param name="IsRunning">It is on a processor at this moment, in the guest or in Xen on its behalf.</param>
/// <param name="IsBlocked">It waits of itself, for an interrupt, or was never started by the guest.</param>
public readonly record struct VCpuState(ulong RunTime, bool IsRunning, bool IsBlocked);
