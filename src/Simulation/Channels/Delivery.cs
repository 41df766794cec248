using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>Xen's side of a domain's enabled monitor: how events reach the listener and its answers the vCPUs. Used under the domain's gate.</summary>
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

    /// <summary>A mapping of the ring for another than the listener, who disposes it.</summary>
    public abstract SharedMemory MapRing();

    protected SimulatedDomain Domain { get; } = domain;

    /// <summary>Notifications that came where Xen found no response.</summary>
    public long StrayNotifications { get; protected set; }

    /// <summary>Puts the vCPU in the queue when there is no room for its event. It is given room in its turn.</summary>
    /// <returns>False when there is room.</returns>
    public abstract bool TryQueue(SimulatedVCpu vcpu);

    /// <summary>Hands an event over, for which there is room.</summary>
    /// <returns>The index of the port to signal; negative for none.</returns>
    public abstract int Put(SimulatedVCpu vcpu, bool sync);

    /// <summary>The listener notified a port: takes its responses.</summary>
    /// <param name="port">0 for the ring's, else vCPU id + 1.</param>
    public abstract void Notified(int port);

    /// <summary>Whether vCPUs wait for room; Xen refuses to disable then.</summary>
    public abstract bool HasQueuedVCpus { get; }

    /// <summary>Ends the channel, letting go of the vCPUs that Xen lets go of then.</summary>
    public abstract void Close();

    /// <summary>Shows the listener an index or state that Xen would never write.</summary>
    public abstract void Tear(SimulatedVCpu vcpu);

    protected Span<byte> ResponseBuffer => _response;

    /// <summary>Does what the copied response asks for, as far as it holds: Xen goes by its version, its vcpu_id and whether that vCPU waits.</summary>
    protected void ApplyResponse()
    {
        var response = new RequestReader(_response, Domain.Layout);
        if (response.Version != Domain.Layout.Version || response.VCpuId >= Domain.VCpus.Count) return;
        Domain.VCpus[(int)response.VCpuId].TakeAnswer(response);
    }
}
