using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>An I/O instruction was executed.</summary>
public sealed class IoEvent : VmEvent
{
    internal IoEvent(VmEventSource source, RequestReader request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <summary>The port.</summary>
    public ushort Port => (ushort)Request.UInt32(VmEventField.IoPort);

    /// <summary>The number of bytes: 1, 2 or 4.</summary>
    public uint Bytes => Request.UInt32(VmEventField.IoBytes);

    /// <summary>Whether the port was read; false: it was written.</summary>
    public bool IsIn => Request.UInt32(VmEventField.IoIn) != 0;

    /// <summary>Whether it was a string instruction.</summary>
    public bool IsString => Request.UInt32(VmEventField.IoString) != 0;

    /// <inheritdoc/>
    public override string Details => $"{(IsIn ? "in" : "out")} port 0x{Port:x} {Bytes} bytes";
}
