using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>
/// Xen's side of a domain's enabled monitor: how events reach the listener, and how its answers reach the vCPUs. Used
/// under the domain's gate.
/// </summary>
internal abstract class Delivery(SimulatedDomain domain, SimulatedPorts ports)
{
    private readonly byte[] _response = new byte[domain.Layout.Size];

    public abstract ChannelKind Kind { get; }

    /// <summary>The listener's ports, for as long as it lives.</summary>
    public SimulatedPorts Ports { get; } = ports;

    /// <summary>The ring as the listener has it mapped.</summary>
    public abstract SharedMemory ListenerRing { get; }

    /// <summary>The slots as the listener has them mapped; null in ring mode.</summary>
    public virtual SharedMemory? ListenerSlots => null;

    /// <summary>Maps the ring for someone other than the listener, who disposes the mapping.</summary>
    public abstract SharedMemory MapRing();

    protected SimulatedDomain Domain { get; } = domain;

    /// <summary>Notifications for which Xen found no response.</summary>
    public long StrayNotifications { get; protected set; }

    /// <summary>Puts the vCPU in the queue if there is no room for its event. It gets room in its turn.</summary>
    /// <returns>False if there is room.</returns>
    public abstract bool TryQueue(SimulatedVCpu vcpu);

    /// <summary>Delivers an event for which there is room.</summary>
    /// <returns>The index of the port to signal; negative for none.</returns>
    public abstract int Put(SimulatedVCpu vcpu, bool sync);

    /// <summary>The listener notified a port: takes its responses.</summary>
    /// <param name="port">0 for the ring's, otherwise vCPU id + 1.</param>
    public abstract void Notified(int port);

    /// <summary>Whether vCPUs wait for room; Xen then refuses to disable the monitor.</summary>
    public abstract bool HasQueuedVCpus { get; }

    /// <summary>Closes the channel and releases the vCPUs that Xen releases then.</summary>
    public abstract void Close();

    /// <summary>Shows the listener an index or state that Xen would never write.</summary>
    public abstract void Tear(SimulatedVCpu vcpu);

    protected Span<byte> ResponseBuffer => _response;

    /// <summary>
    /// Does what the copied response asks for, if it is valid: Xen goes by its version, its vcpu_id and whether that
    /// vCPU waits.
    /// </summary>
    protected void ApplyResponse()
    {
        var response = new RequestReader(_response, Domain.Layout);
        if (response.Version != Domain.Layout.Version || response.VCpuId >= Domain.VCpus.Count) return;
        Domain.VCpus[(int)response.VCpuId].TakeAnswer(response);
    }
}
