using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Tests.Events;

/// <summary>Builds requests by hand and makes events of them.</summary>
internal sealed class Requests(int version, GuestArchitecture architecture = GuestArchitecture.X86) : IHeldEvents
{
    private int _answered;

    public VmEventLayout Layout { get; } = VmEventLayout.ForVersion(version);

    /// <summary>How often the session was told of an answer.</summary>
    public int Answered => Volatile.Read(ref _answered);

    void IHeldEvents.OnAnswered() => Interlocked.Increment(ref _answered);

    XenException? IHeldEvents.FindObjection(VmEventResponse response) => null;

    /// <summary>An event whose request has these fields.</summary>
    public VmEvent Event(VmEventKind kind, params (VmEventField Field, ulong Value)[] fields)
    {
        byte[] bytes = new byte[Layout.Size];
        var request = new ResponseWriter(bytes, Layout);
        request.Set(VmEventField.Version, (ulong)version);
        request.Set(VmEventField.Reason, (ulong)kind);
        request.Set(VmEventField.Flags, (ulong)VmEventFlags.VCpuPaused);
        foreach ((VmEventField field, ulong value) in fields) request.Set(field, value);
        var source = new SessionSource(7, "web07", Layout, architecture, this, new LossLog(isComplete: false));
        return VmEventFactory.Create(source, new RequestReader(bytes, Layout), Stopwatch.GetTimestamp());
    }

    /// <summary>An event that waits for its answer.</summary>
    public VmEvent HeldEvent(VmEventKind kind)
    {
        VmEvent held = Event(kind);
        held.Hold();
        return held;
    }
}
