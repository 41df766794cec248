using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>A privileged call was made (arm64: SMC).</summary>
public sealed class PrivilegedCallEvent : VmEvent
{
    internal PrivilegedCallEvent(VmEventSource source, RequestReader request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <inheritdoc/>
    public override string Details => string.Empty;
}
