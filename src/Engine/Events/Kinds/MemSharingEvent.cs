using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>
/// A shared page could not be unshared, because memory was short. Xen raises these events for a sharing daemon, on a
/// separate channel. If one comes here, it is recognised and answered.
/// </summary>
public sealed class MemSharingEvent : VmEvent
{
    internal MemSharingEvent(VmEventSource source, RequestReader request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <summary>The guest frame number of the page.</summary>
    public ulong Gfn => Request.UInt64(VmEventField.MemSharingGfn);

    /// <summary>
    /// The page's type, as Xen's <c>p2m_type_t</c> numbers it. The numbering differs between releases.
    /// </summary>
    public uint PageType => Request.UInt32(VmEventField.MemSharingType);

    /// <inheritdoc/>
    public override string Details => $"gfn 0x{Gfn:x}";
}
