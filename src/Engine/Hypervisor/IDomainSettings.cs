namespace XenVmEvent.Hypervisor;

/// <summary>The settings of a domain that need no listener.</summary>
public interface IDomainSettings
{
    /// <summary>The events that the host can raise for this domain.</summary>
    MonitorCapabilities Capabilities { get; }

    /// <summary>How many vCPUs the domain has, online or not, as Xen counted them when this object was made.</summary>
    int VCpus { get; }

    /// <summary>The domain's altp2m views.</summary>
    IAltP2m AltP2m { get; }

    /// <summary>
    /// Whether the domain crashes, instead of running on, when a page access violation finds no listener.
    /// </summary>
    void SetAccessRequired(bool required);

    /// <summary>
    /// Switches a vCPU's single-stepping, as a response can. This is how to switch it off for a vCPU that has no event
    /// to answer. Single-stepping stays on when the monitor is disabled, and Xen delivers no interrupts to a vCPU that
    /// steps.
    /// </summary>
    void SetSingleStep(uint vcpu, bool enable);
}

/// <summary>The state of a vCPU (<c>xc_vcpu_getinfo</c>).</summary>
/// <param name="RunTime">How long it has run, in nanoseconds; grows only while it runs.</param>
/// <param name="IsRunning">It is on a processor now, in the guest or in Xen on its behalf.</param>
/// <param name="IsBlocked">It waits for an interrupt of its own accord, or the guest never started it.</param>
public readonly record struct VCpuState(ulong RunTime, bool IsRunning, bool IsBlocked);
