using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// A slot per vCPU for the events that wait for an answer, and an unanswered ring for those that do not.
/// </summary>
internal sealed class SlottedChannel : MonitorChannel
{
    private readonly BackRing _ring;
    private readonly VCpuSlots _slots;
    private readonly IEventPorts _ports;
    private readonly VmEventLayout _layout;

    // Whether each vCPU's request was read and its slot is not handed back yet.
    private readonly bool[] _taken;
    private readonly List<int> _finished;

    // The slots that were handed back before Xen was notified by their ports. A notification that failed is still owed.
    private readonly Queue<int> _owed;
    private int _next;

    public SlottedChannel(SharedMemory ring, SharedMemory slots, IEventPorts ports, VmEventLayout layout, int vcpus) : base(ports)
    {
        _ring = new BackRing(ring, layout, answered: false);
        _slots = new VCpuSlots(slots, layout, vcpus);
        _ports = ports;
        _layout = layout;
        _taken = new bool[vcpus];
        _finished = new List<int>(vcpus);
        _owed = new Queue<int>(vcpus);
    }

    public override long Overwritten => _ring.Lost;

    public override bool AnswersAll => false;

    public override int Room => _taken.Length;

    public override int Capacity => _ring.Entries + _slots.Count;

    public override bool HasRequest => _ring.HasRequest || NextSubmitted() >= 0;

    public override bool TryRead(Span<byte> destination)
    {
        // The ring comes first, because Xen overwrites what is not read. Then come the slots in turn, so that no vCPU
        // starves another.
        RequestReader request = new(destination, _layout);
        if (_ring.TryRead(destination)) return request.IsSynchronous ? throw Stray(request.VCpuId) : true;
        int vcpu = NextSubmitted();
        if (vcpu < 0) return false;
        _slots.Message(vcpu).CopyTo(destination);

        // A response that names another vCPU resumes that vCPU and leaves this one paused.
        if (request.VCpuId != vcpu || !request.IsSynchronous) throw Stray(request.VCpuId);
        _taken[vcpu] = true;
        _next = vcpu + 1;
        return true;
    }

    public override Span<byte> ResponseTo(uint vcpu, bool synchronous)
    {
        if (!synchronous) return default;
        if (!_taken[vcpu]) throw Stray(vcpu);
        _finished.Add((int)vcpu);
        return _slots.Message((int)vcpu);
    }

    public override void Flush()
    {
        foreach (int vcpu in _finished)
        {
            _slots.SetState(vcpu, SlotState.Finish);
            _taken[vcpu] = false;
            _owed.Enqueue(vcpu);
        }

        _finished.Clear();

        // Each vCPU's own port is notified. The ring's port never is, because Xen would then look at vCPU 0's slot.
        while (_owed.TryPeek(out int vcpu))
        {
            _ports.Notify(_ports.SlotPorts[vcpu]);
            _owed.Dequeue();
        }
    }

    /// <summary>Does nothing: no vCPU queues, because Xen does not wait for room.</summary>
    public override void MakeRoom(int vcpus)
    {
    }

    public override bool FinalCheck() => _ring.FinalCheck() || NextSubmitted() >= 0;

    private int NextSubmitted()
    {
        int vcpu = _next;
        for (int i = 0; i < _slots.Count; i++, vcpu++)
        {
            if (vcpu >= _slots.Count) vcpu = 0;
            if (!_taken[vcpu] && _slots.StateOf(vcpu) == SlotState.Submit) return vcpu;
        }

        return -1;
    }

    private static XenException Stray(uint vcpu) =>
        new(XenErrorId.CorruptChannel,
            $"A request that waits for an answer names vCPU {vcpu}, but did not come by that vCPU's slot.",
            "The session has ended; start it again, and report this with the versions of Xen and XenVmEvent.");
}
