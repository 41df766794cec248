using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>A page was read, written or executed against its permissions.</summary>
public sealed class MemAccessEvent : VmEvent
{
    internal MemAccessEvent(VmEventSource source, RequestReader request, long timestamp) : base(source, request, timestamp)
    {
    }

    /// <summary>The guest frame number of the page.</summary>
    public ulong Gfn => Request.UInt64(VmEventField.MemAccessGfn);

    /// <summary>The offset in the page, in bytes.</summary>
    public ulong Offset => Request.UInt64(VmEventField.MemAccessOffset);

    /// <summary>The linear address that was accessed; valid if <see cref="Flags"/> say so.</summary>
    public ulong LinearAddress => Request.UInt64(VmEventField.MemAccessGla);

    /// <summary>What was done to the page.</summary>
    public PageAccess Access => (PageAccess)(Flags & MemAccessFlags.ReadWriteExecute);

    /// <summary>What was done, and how Xen knows the linear address.</summary>
    public MemAccessFlags Flags => (MemAccessFlags)Request.UInt32(VmEventField.MemAccessFlags);

    /// <inheritdoc/>
    public override string Details => (Flags & MemAccessFlags.GlaValid) != 0
        ? $"{Mark(PageAccess.Read, 'r')}{Mark(PageAccess.Write, 'w')}{Mark(PageAccess.Execute, 'x')} gfn 0x{Gfn:x} gla 0x{LinearAddress:x}"
        : $"{Mark(PageAccess.Read, 'r')}{Mark(PageAccess.Write, 'w')}{Mark(PageAccess.Execute, 'x')} gfn 0x{Gfn:x} offset 0x{Offset:x}";

    private char Mark(PageAccess access, char mark) => (Access & access) != 0 ? mark : '-';
}
