using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>Delivers all events through one ring of one page; a vCPU that finds no room waits.</summary>
internal sealed class RingDelivery : Delivery
{
    private readonly SharedPages _page = new(SharedMemory.PageSize);
    private readonly FrontRing _ring;
    private readonly Queue<SimulatedVCpu> _queue = new();
    private int _blocked;
    private int _lastWoken;

    public RingDelivery(SimulatedDomain domain, SimulatedPorts ports)
        : base(domain, ports) => _ring = new FrontRing(_page.Xen, domain.Layout);

    public override ChannelKind Kind => ChannelKind.Ring;

    public override SharedMemory ListenerRing => _page.Listener;

    public override SharedMemory MapRing() => _page.Map();

    public override bool HasQueuedVCpus => _queue.Count != 0;

    public override bool TryQueue(SimulatedVCpu vcpu)
    {
        if (_ring.Free > 0) return false;
        _queue.Enqueue(vcpu);
        return true;
    }

    public override int Put(SimulatedVCpu vcpu, bool sync)
    {
        _ring.Put(vcpu.Request.Bytes);
        WakeThoseWithoutRoom();

        // A vCPU that need not wait for an answer must leave room for one event of each vCPU: it rests until there is
        // room again.
        if (_ring.Free < Domain.VCpus.Count && !vcpu.IsPaused && vcpu.Block()) _blocked++;
        return 0;
    }

    public override void Notified(int port)
    {
        if (_ring.IsOverAnswered)
        {
            throw Domain.Host.BringDown(
                "The listener published more responses than it had requests: Xen would take whatever is in the ring for an answer.");
        }

        bool any = false;
        while (Domain.Delivery == this && _ring.TryTake(ResponseBuffer))
        {
            any = true;
            WakeThoseWithoutRoom();
            ApplyResponse();
        }

        if (!any) StrayNotifications++;
    }

    public override void Close()
    {
        foreach (SimulatedVCpu vcpu in Domain.VCpus) vcpu.Unblock();
        _page.Xen.Dispose();
    }

    public override void Tear(SimulatedVCpu vcpu) => _ring.TearIndex();

    /// <summary>
    /// vCPUs that could not even put in their event come first, in turn; they make room for the others later.
    /// </summary>
    private void WakeThoseWithoutRoom()
    {
        if (_queue.Count == 0)
        {
            WakeBlocked();
            return;
        }

        while (Domain.Delivery == this && _ring.Free > 0 && _queue.TryDequeue(out SimulatedVCpu? vcpu)) vcpu.GrantRoom(this);
    }

    private void WakeBlocked()
    {
        int room = _ring.Free;
        int count = Domain.VCpus.Count;
        int first = _lastWoken + 1;
        for (int i = 0; i < count && _blocked > 0 && room > 0; i++)
        {
            int id = (first + i) % count;
            if (!Domain.VCpus[id].Unblock()) continue;
            room--;
            _blocked--;
            _lastWoken = id;
        }
    }
}
