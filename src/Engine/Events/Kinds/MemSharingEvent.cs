using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>
/// A shared page could not be unshared, for want of memory. Xen raises these events for a sharing daemon, on a channel of
/// its own; here they are recognised, and answered.
/// </summary>
public sealed class MemSharingEvent : VmEvent
{
    internal MemSharingEvent(VmEventSource source, RequestReader request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <summary>The guest frame number of the page.</summary>
    public ulong Gfn => Request.UInt64(VmEventField.MemSharingGfn);

    /// <summary>The page's type, as Xen's <c>p2m_type_t</c> numbers it; another numbering in each release.</summary>
    public uint PageType => Request.UInt32(VmEventField.MemSharingType);

    /// <inheritdoc/>
    public override string Details => $"gfn 0x{Gfn:x}";
}
