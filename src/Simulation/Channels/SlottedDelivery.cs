using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>
/// Delivers synchronous events through the vCPU's slot, and asynchronous ones through a ring that nobody answers and
/// that is overwritten when the listener is late.
/// </summary>
internal sealed class SlottedDelivery : Delivery
{
    private readonly SharedPages _ringPages;
    private readonly SharedPages _slotPages;
    private readonly FrontRing _ring;
    private readonly VCpuSlots _slots;

    /// <param name="domain">The domain.</param>
    /// <param name="ports">The listener's ports.</param>
    /// <param name="ringFrames">Pages of the ring, 1 or more.</param>
    /// <param name="channels">
    /// How many slots the listener asked for; correct only if it equals the number of vCPUs.
    /// </param>
    public SlottedDelivery(SimulatedDomain domain, SimulatedPorts ports, int ringFrames, int channels)
        : base(domain, ports)
    {
        _ringPages = new SharedPages(ringFrames * SharedMemory.PageSize);
        _slotPages = new SharedPages(channels * VCpuSlots.SizeOf(domain.Layout));
        _ring = new FrontRing(_ringPages.Xen, domain.Layout);
        _slots = new VCpuSlots(_slotPages.Xen, domain.Layout, channels);
    }

    public override ChannelKind Kind => ChannelKind.Slotted;

    public override SharedMemory ListenerRing => _ringPages.Listener;

    public override SharedMemory? ListenerSlots => _slotPages.Listener;

    public override SharedMemory MapRing() => _ringPages.Map();

    /// <summary>Maps the slots for someone other than the listener, who disposes the mapping.</summary>
    public SharedMemory MapSlots() => _slotPages.Map();

    public override bool HasQueuedVCpus => false;

    public override bool TryQueue(SimulatedVCpu vcpu) => false;

    public override int Put(SimulatedVCpu vcpu, bool sync)
    {
        if (!sync)
        {
            _ring.Put(vcpu.Request.Bytes);
            return 0;
        }

        if (!SlottedChannelRules.IsSafe(Domain.VCpus.Count))
        {
            if (vcpu.Id == Domain.VCpus.Count - 1)
            {
                Domain.Host.BringDown(
                    $"The slotted channel was enabled for {Domain.VCpus.Count} vCPUs, where Xen and its library place the slots differently, and the last vCPU raised an event: Xen panics.");
            }

            return -1;
        }

        // The wrong number of slots leaves some vCPUs without one, or puts all of them where the listener does not
        // look.
        if (_slots.Count != Domain.VCpus.Count && (vcpu.Id >= _slots.Count || _slots.Count > Domain.VCpus.Count)) return -1;
        vcpu.Request.Bytes.CopyTo(_slots.Message(vcpu.Id));
        _slots.SetState(vcpu.Id, SlotState.Submit);
        return vcpu.Id + 1;
    }

    public override void Notified(int port)
    {
        // Xen regards the ring's port as vCPU 0's.
        int id = Math.Max(port - 1, 0);
        if (id >= _slots.Count || !_slots.IsIn(id, SlotState.Finish))
        {
            StrayNotifications++;
            return;
        }

        if (port == 0) StrayNotifications++;
        _slots.Message(id).CopyTo(ResponseBuffer);
        _slots.SetState(id, SlotState.Idle);
        ApplyResponse();
    }

    public override void Close()
    {
        foreach (SimulatedVCpu vcpu in Domain.VCpus) vcpu.ResumeAll();
        _ringPages.Xen.Dispose();
        _slotPages.Xen.Dispose();
    }

    public override void Tear(SimulatedVCpu vcpu)
    {
        _ring.TearIndex();
        if (vcpu.Id < _slots.Count) _slots.SetState(vcpu.Id, (SlotState)0xdead);
    }
}
