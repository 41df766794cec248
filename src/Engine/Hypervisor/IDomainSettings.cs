namespace XenVmEvent.Hypervisor;

/// <summary>What of a domain can be set whether or not somebody listens to it.</summary>
public interface IDomainSettings
{
    /// <summary>What the host can raise for this domain.</summary>
    MonitorCapabilities Capabilities { get; }

    /// <summary>How many vCPUs the domain has, online or not, as Xen counted them when this way to the domain was opened.</summary>
    int VCpus { get; }

    /// <summary>The domain's views of its memory.</summary>
    IAltP2m AltP2m { get; }

    /// <summary>Whether the domain crashes, rather than runs on, when a page access finds no listener.</summary>
    void SetAccessRequired(bool required);

    /// <summary>
    /// Switches a vCPU's single stepping, as a response can; the way to switch it off for a vCPU that has no event to
    /// answer. It stays on when the monitor is disabled, and Xen delivers no interrupts to a vCPU that steps.
    /// </summary>
    void SetSingleStep(uint vcpu, bool enable);
}

/// <summary>How a vCPU stands (<c>xc_vcpu_getinfo</c>).</summary>
/// <param name="RunTime">How long it has run, in nanoseconds; grows only while it runs.</param>
/// <param name="IsRunning">It is on a processor at this moment, in the guest or in Xen on its behalf.</param>
/// <param name="IsBlocked">It waits of itself, for an interrupt, or was never started by the guest.</param>
public readonly record struct VCpuState(ulong RunTime, bool IsRunning, bool IsBlocked);
