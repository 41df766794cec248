using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>The vCPU left guest mode.</summary>
public sealed class VmExitEvent : VmEvent
{
    internal VmExitEvent(VmEventSource source, RequestReader request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <summary>The exit reason, with Intel's numbers.</summary>
    public ulong Reason => Request.UInt64(VmEventField.VmExitReason);

    /// <summary>The exit qualification.</summary>
    public ulong Qualification => Request.UInt64(VmEventField.VmExitQualification);

    /// <inheritdoc/>
    public override string Details => $"reason {Reason} qualification 0x{Qualification:x}";
}
