using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>A channel on which the same request comes again and again, and whose responses only a test reads.</summary>
internal sealed class RepeatingChannel(byte[] request, IEventPorts ports) : MonitorChannel(ports)
{
    private readonly byte[] _response = new byte[request.Length];

    /// <summary>The last response.</summary>
    public byte[] Response => _response;

    public override long Overwritten => 0;

    public override bool AnswersAll => true;

    public override int Room => 1;

    public override int Capacity => Room;

    public override bool HasRequest => true;

    public override bool TryRead(Span<byte> destination)
    {
        request.CopyTo(destination);
        return true;
    }

    public override Span<byte> ResponseTo(uint vcpu, bool synchronous) => _response;

    public override void Flush()
    {
    }

    public override void MakeRoom(int vcpus)
    {
    }

    public override bool FinalCheck() => true;
}
