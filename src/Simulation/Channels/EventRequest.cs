using XenVmEvent.Abi;

namespace XenVmEvent.Simulation;

/// <summary>The request that a vCPU composes for its next event; its memory is reused.</summary>
internal sealed class EventRequest
{
    private readonly VmEventLayout _layout;
    private readonly byte[] _fixed;
    private readonly byte[] _bytes;

    public EventRequest(VmEventLayout layout, int vcpu, GuestRegisters registers)
    {
        _layout = layout;
        _fixed = new byte[layout.Size];
        _bytes = new byte[layout.Size];
        var writer = new ResponseWriter(_fixed, layout);
        writer.Set(VmEventField.Version, (ulong)layout.Version);
        writer.Set(VmEventField.VCpuId, (ulong)vcpu);
        registers.WriteFixed(writer);
    }

    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Starts a request with the current registers.</summary>
    public EventRequest Begin(VmEventKind kind, GuestRegisters registers)
    {
        _fixed.CopyTo(_bytes, 0);
        registers.WriteCurrent(new ResponseWriter(_bytes, _layout));
        return Set(VmEventField.Reason, (ulong)kind);
    }

    /// <summary>Starts a request that is a copy of another.</summary>
    public void Repeat(RequestReader request) => request.Bytes.CopyTo(_bytes);

    /// <summary>For a request that repeats another: the flags that tell where the event came from.</summary>
    public VmEventFlags Origin => new RequestReader(_bytes, _layout).Flags & (VmEventFlags.Foreign | VmEventFlags.NestedP2m);

    public EventRequest Set(VmEventField field, ulong value)
    {
        new ResponseWriter(_bytes, _layout).Set(field, value);
        return this;
    }
}
