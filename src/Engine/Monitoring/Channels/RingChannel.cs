using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>One ring for all vCPUs. Every request gets a response, if only to free its entry.</summary>
internal sealed class RingChannel : MonitorChannel
{
    private readonly BackRing _ring;
    private readonly IEventPorts _ports;
    private readonly VmEventLayout _layout;
    private bool _owesNotification;

    public RingChannel(SharedMemory ring, IEventPorts ports, VmEventLayout layout) : base(ports)
    {
        _ring = new BackRing(ring, layout, answered: true);
        _ports = ports;
        _layout = layout;
    }

    public override long Overwritten => 0;

    public override bool AnswersAll => true;

    public override int Room => _ring.Entries;

    public override int Capacity => _ring.Entries;

    public override bool HasRequest => _ring.HasRequest;

    public override bool TryRead(Span<byte> destination) => _ring.TryRead(destination);

    public override Span<byte> ResponseTo(uint vcpu, bool synchronous) => _ring.ResponseTo(vcpu, synchronous);

    public override void Flush()
    {
        // A notification that failed is still owed.
        _owesNotification |= _ring.Publish();
        if (!_owesNotification) return;
        _ports.Notify(_ports.RingPort);
        _owesNotification = false;
    }

    public override void MakeRoom(int vcpus)
    {
        for (uint vcpu = 0; _ring.MayAnswerUnasked; vcpu = (vcpu + 1) % (uint)vcpus)
        {
            new ResponseWriter(_ring.UnaskedResponse(), _layout).Resume(vcpu);
        }

        Flush();
    }

    public override bool FinalCheck() => _ring.FinalCheck();
}
