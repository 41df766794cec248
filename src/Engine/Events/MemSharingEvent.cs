using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>A shared page could not be unshared.</summary>
public sealed class MemSharingEvent : VmEvent
{
    internal MemSharingEvent(VmEventSource source, RequestView request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <summary>The guest frame number of the page.</summary>
    public ulong Gfn => Request.UInt64(VmEventField.MemSharingGfn);

    /// <inheritdoc/>
    public override string Details => $"gfn 0x{Gfn:x}";
}
