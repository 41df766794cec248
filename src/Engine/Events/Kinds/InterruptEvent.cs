using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>The interrupt that a response asked for was delivered.</summary>
public sealed class InterruptEvent : VmEvent
{
    internal InterruptEvent(VmEventSource source, RequestReader request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <summary>Its vector.</summary>
    public uint Vector => Request.UInt32(VmEventField.InterruptVector);

    /// <summary>Its type, as Intel numbers interruption types.</summary>
    public uint InterruptType => Request.UInt32(VmEventField.InterruptType);

    /// <summary>Its error code; all ones if it has none.</summary>
    public uint ErrorCode => Request.UInt32(VmEventField.InterruptErrorCode);

    /// <summary>CR2, if the interrupt is a page fault.</summary>
    public ulong Cr2 => Request.UInt64(VmEventField.InterruptCr2);

    /// <inheritdoc/>
    public override string Details => $"vector {Vector} type {InterruptType}";
}
